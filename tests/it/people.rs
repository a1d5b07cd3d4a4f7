//! What people have and machines don't: invitations, links, addresses, and the rule that guards who handles whom.

mod handling;
mod seats;
