//! Forms of the commands of the normal path that are filled in at a desk: their fields are those of the command, not of
//! one kind of fact. What a device does with a tap, or makes itself (visits, lines, signatures), has no form.

use super::read::{FormError, FormField, FromForm, Reader};
use crate::commands::{Command, CommandCode, SkillMatch};
use crate::facts::values::{CustomerPerson, Money, ReviewChoice, Window};
use crate::ids::{FactRef, PersonId, ReviewId};

macro_rules! plain_forms {
    ($($name:ident { $($field:ident: $type:ty),* } and { $($known:ident: $value:expr),* };)*) => {
        /// The fields of a command of the normal path.
        #[expect(clippy::wildcard_enum_match_arm, reason = "every other command has no form here")]
        pub(super) fn fields(command: CommandCode) -> Option<Vec<FormField>> {
            Some(match command {
                $(CommandCode::$name => vec![$(<$type as FromForm>::field(stringify!($field))),*],)*
                _ => return None,
            })
        }

        /// Such a command, from what was filled in.
        #[expect(clippy::wildcard_enum_match_arm, reason = "every other command has no form here")]
        pub(super) fn read(command: CommandCode, form: &Reader<'_>) -> Option<Result<Command, FormError>> {
            let read = || {
                Ok(Some(match command {
                    $(CommandCode::$name => Command::$name {
                        $($field: form.read::<$type>(stringify!($field))?,)* $($known: $value),*
                    },)*
                    _ => return Ok(None),
                }))
            };
            read().transpose()
        }
    };
}

plain_forms! {
    Confirm {
        content: String, in_warranty: bool, amount: Option<Money>, window: Option<Window>,
        customer: Option<CustomerPerson>
    } and {};
    // Whether he has the skill is known where his file is: the caller says it.
    Assign { technician: PersonId, reason: Option<String> } and {
        skipped: Vec::new(), turn: None, skill: SkillMatch::Lacks
    };
    Unassign { technician: PersonId, reason: String } and {};
    Reschedule { window: Window, confirmed: bool, customer: Option<CustomerPerson>, reason: Option<String> } and {};
    ReverseLine { line: FactRef, reason: String } and {};
    Note { text: String } and {};
    ReturnVoucher { reason: Option<String> } and {};
    Withdraw { fact: FactRef, reason: String } and {};
    Cancel { reason: String } and {};
    Reinstate { cancel: FactRef, reason: String } and {};
    Close {} and {};
    ResolveReview { review: ReviewId, choice: ReviewChoice, reason: String } and {};
}
