//! The commands that a person sees beside an order: those he may use now, and the others of his roles with the reason.

use docket_sync_core::commands::form::{Form, defaults};
use docket_sync_core::commands::{CommandCode, Context, Refusal, offers};
use docket_sync_core::facts::Role;
use docket_sync_core::ids::PersonId;
use docket_sync_core::lifecycle::view::OrderView;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::both::Both;
use crate::api::guard::Signed;

/// Commands that a device states, in ways of their own: what was printed, a code that the customer says, an order that
/// begins on site.
const ON_DEVICES: &[CommandCode] =
    &[CommandCode::SignByCode, CommandCode::PrintVoucher, CommandCode::CreateEmergencyOrder];

/// One command beside an order.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct OfferItem {
    /// Its code: `GET /api/command-forms` has its form.
    command: &'static str,
    /// Its name.
    text: Both,
    /// Why it cannot be used now; null where it can.
    refusal: Option<RefusalItem>,
    /// Fields that follow from the order as it shows, by name: they need not be filled in.
    #[schema(value_type = Object)]
    known: serde_json::Map<String, serde_json::Value>,
}

/// Why a command is not there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RefusalItem {
    /// Stable code.
    code: &'static str,
    text: Both,
}

impl RefusalItem {
    fn of(refusal: &Refusal) -> Self {
        Self { code: refusal.code, text: Both::of(|language| refusal.text(language)) }
    }
}

/// Who looks, for the commands that he is offered.
#[derive(Debug, Clone)]
pub(super) struct Looker {
    person: PersonId,
    roles: Vec<Role>,
    reads_only: bool,
}

impl Looker {
    pub(super) fn of(signed: &Signed) -> Self {
        Self { person: signed.person.id, roles: signed.roles(), reads_only: signed.is_auditor() }
    }

    /// Somebody who only reads.
    pub(super) fn of_nobody() -> Self {
        Self { person: PersonId([0; 16]), roles: Vec::new(), reads_only: true }
    }

    /// What he can do at a desk. A technician's own work is stated on his device, also where he holds another role.
    pub(super) fn offers(&self, view: &OrderView) -> Vec<OfferItem> {
        if self.reads_only {
            return Vec::new();
        }
        let desk_roles: Vec<Role> = self.roles.iter().copied().filter(|role| *role != Role::Technician).collect();
        let at_desk: Vec<CommandCode> = offers(view, &Context::new(self.person, &desk_roles))
            .into_iter()
            .map(|offer| offer.command)
            .filter(|command| Form::of(*command).is_some() && !ON_DEVICES.contains(command))
            .collect();
        let context = Context::new(self.person, &self.roles);
        let all = offers(view, &context).into_iter().filter(|offer| at_desk.contains(&offer.command));
        let item = |offer: docket_sync_core::commands::Offer| OfferItem {
            command: offer.command.code(),
            text: Both::coded("command", offer.command.code()),
            known: if offer.refusal.is_none() {
                defaults(view, offer.command, &context)
            } else {
                serde_json::Map::new()
            },
            refusal: offer.refusal.as_ref().map(RefusalItem::of),
        };
        all.map(item).collect()
    }
}
