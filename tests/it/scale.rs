//! What it costs: the same for ten accounts and for a hundred thousand.

mod engines;
mod many_teams;
mod names;
mod planner;
mod repeated;
mod screens;
mod statements;
mod windows;
mod world;

#[test]
fn a_hundred_thousand_accounts_cost_what_a_hundred_cost() {
    let began = std::time::Instant::now();
    let [small, large] = [100, 100_000].map(world::with);
    println!("100,000 accounts were made in {:.1?}", began.elapsed());
    let began = std::time::Instant::now();
    planner::reads_nothing_whole(&large);
    println!("the planner was asked in {:.1?}", began.elapsed());
    let began = std::time::Instant::now();
    statements::of_a_page_are_the_same(&small, &large);
    println!("statements were counted in {:.1?}", began.elapsed());
    windows::totals_are_true(&large);
    windows::common_words_are_not_gathered(&large);
}
