//! Who made an account, and who invites its user: where they have a page.

use diesel::QueryableByName;
use diesel::sql_types::Text;

use crate::accounts::model::Kind;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;

/// The accounts that made another and invited its user, unless they have been deleted since.
#[derive(Debug, Clone, Default)]
pub struct Makers {
    pub creator: Option<(Kind, Id)>,
    pub inviter: Option<(Kind, Id)>,
}

#[derive(QueryableByName)]
struct MakerRow {
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = Text)]
    id: Id,
    #[diesel(sql_type = Text)]
    kind: String,
}

pub fn of(conn: &mut DbConnection, id: &Id) -> Result<Makers, Error> {
    let mut sql =
        Sql::new("SELECT 'creator' AS what, m.id, m.kind FROM accounts a JOIN accounts m ON m.id = a.created_by WHERE a.id = ");
    sql.bind(id);
    sql.push(
        " UNION ALL SELECT 'inviter', m.id, m.kind FROM invitations i JOIN accounts m ON m.id = i.invited_by WHERE \
              i.account_id = ",
    );
    sql.bind(id);
    let mut makers = Makers::default();
    for row in sql.load::<MakerRow>(conn)? {
        let maker = Kind::parse(&row.kind).map(|kind| (kind, row.id));
        if row.what == "creator" { makers.creator = maker } else { makers.inviter = maker }
    }
    Ok(makers)
}
