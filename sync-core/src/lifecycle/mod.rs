//! The fold: from a set of facts to the order as people see it.
//!
//! [`FactSet`] holds the facts of one document, [`Causality`] says who knew of what, [`fold`] applies the merge
//! rules R1 to R12 and gives an [`view::OrderView`], [`explain`] puts its reasons into words. One file per subject:
//! `intake`, `visits` (R4), `cancel` (R3), `assignment` (R2, R4), `appointment` (R1, R8), `lines` (R5), `signature`
//! (R6), `closing` (R12), `reviews` (who decides, until when). Nothing here reads a clock or a policy.

mod agreed;
mod answers;
mod appointment;
mod approvals;
mod as_signed;
mod assignment;
mod bench;
mod cancel;
pub mod causality;
mod closing;
pub mod companion;
mod consent;
mod corrections;
mod custody;
mod cycles;
pub mod decided;
mod dispatches;
mod double_visits;
mod duplicates;
mod explain;
pub mod facets;
pub mod fact_set;
mod findings;
mod fold;
mod folded;
mod goods;
mod ground;
mod ground_of_state;
mod handovers;
mod header;
mod holds;
mod intake;
#[cfg(any(test, feature = "scenario"))]
pub mod invariants;
mod invoices;
mod items;
mod ledger;
mod line_edits;
mod lines;
pub mod messages;
mod money;
pub mod office;
mod records;
pub mod reviews;
#[cfg(any(test, feature = "scenario"))]
pub mod scenario;
mod signature;
mod summary;
mod summary_terms;
#[cfg(test)]
mod tests;
mod told;
pub mod view;
mod visits;
mod withdrawals;

pub use causality::Causality;
pub use explain::{Reason, explain, known_by, known_to, stated_before};
pub use fact_set::FactSet;
pub use findings::REVIEW_DEFAULT_RULE;
pub use fold::fold;
pub use folded::{Added, Folded};
pub use ground::{SIGNATURE_CHECK_RULE, suggested_role};
pub use ground_of_state::ground_of_state;
pub use invoices::is_settled;
pub use messages::Language;
pub use office::OfficeView;
pub use summary::{body_summary, summary};
pub use withdrawals::parties;
