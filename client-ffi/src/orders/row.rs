//! The row of one order in a list: written with every change of the order, read without loading it.

use docket_sync_core::facts::values::{ServiceClass, Urgency, Window};
use docket_sync_core::ids::PersonId;
use docket_sync_core::lifecycle::view::{
    AssignmentFacet, OrderState, OrderView, ReviewStatus, SignatureFacet, VisitState,
};
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

/// Longest problem text in a row, in characters: one line of a list.
const PROBLEM_CHARACTERS_MAX: usize = 120;

/// One order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OrderRow {
    /// Serial in the call register.
    #[n(0)]
    pub serial: Option<String>,
    /// State.
    #[n(1)]
    pub state: OrderState,
    /// Service class.
    #[n(2)]
    pub class: Option<ServiceClass>,
    /// Urgency.
    #[n(3)]
    pub urgency: Option<Urgency>,
    /// The customer's name.
    #[n(4)]
    pub customer: String,
    /// The site's address.
    #[n(5)]
    pub address: String,
    /// The beginning of the customer's words.
    #[n(6)]
    pub problem: String,
    /// Who is to do it.
    #[n(7)]
    pub technician: Option<PersonId>,
    /// Where his assignment stands.
    #[n(8)]
    pub assignment: Option<AssignmentFacet>,
    /// When.
    #[n(9)]
    pub appointment: Option<Window>,
    /// Whether the customer agreed to that time.
    #[n(10)]
    pub confirmed: bool,
    /// State of the latest visit that has not ended.
    #[n(11)]
    pub visit: Option<VisitState>,
    /// Signature facet.
    #[n(12)]
    pub signature: SignatureFacet,
    /// Reviews that wait for a decision.
    #[n(13)]
    pub open_reviews: u32,
    /// Facts made here that the server does not have yet.
    #[n(14)]
    pub unsent: u32,
    /// Facts made here that the server did not accept.
    #[n(15)]
    pub refused: u32,
    /// Whether it left the device's scope and is kept only until its facts are safe.
    #[n(16)]
    pub evicted: bool,
    /// Time of the latest fact.
    #[n(17)]
    pub updated: UnixMillis,
    /// Whether its facts cannot be read here: the row shows what was known before.
    #[n(18)]
    pub unreadable: Option<bool>,
    /// Facts that colleagues handed over and that the server has not sent here; absent when there are none.
    #[n(19)]
    pub carried: Option<u32>,
}

/// What a row shows that is not in the order's facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    pub(crate) customer: String,
    pub(crate) address: String,
    pub(crate) unsent: u32,
    pub(crate) refused: u32,
    pub(crate) carried: u32,
    pub(crate) evicted: bool,
}

impl OrderRow {
    /// The row of a folded order.
    pub(crate) fn of(view: &OrderView, beside: Beside) -> Self {
        let request = view.request.as_ref();
        let open_reviews = view.reviews.iter().filter(|review| review.status == ReviewStatus::Open).count();
        Self {
            serial: request.and_then(|request| request.serial.clone()),
            state: view.state,
            class: request.map(|request| request.class),
            urgency: request.map(|request| request.urgency),
            customer: beside.customer,
            address: beside.address,
            problem: request.map(|request| first_line(&request.problem)).unwrap_or_default(),
            technician: view.technician(),
            assignment: view.assignment().map(|assignment| assignment.facet),
            appointment: view.appointment.as_ref().map(|appointment| appointment.window),
            confirmed: view.appointment.as_ref().is_some_and(|appointment| appointment.confirmed),
            visit: view.open_visits().last().map(|visit| visit.state),
            signature: view.signature,
            open_reviews: u32::try_from(open_reviews).unwrap_or(u32::MAX),
            unsent: beside.unsent,
            refused: beside.refused,
            evicted: beside.evicted,
            updated: view.updated,
            unreadable: None,
            carried: Some(beside.carried).filter(|carried| *carried > 0),
        }
    }

    /// Whether nothing is left to do for a technician.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self.state {
            OrderState::Returned
            | OrderState::Cancelled
            | OrderState::Terminated
            | OrderState::Closed
            | OrderState::Merged
            | OrderState::Declined => true,
            OrderState::Completed => self.signature != SignatureFacet::Unsigned,
            OrderState::Registered
            | OrderState::Ready
            | OrderState::Dispatched
            | OrderState::InProgress
            | OrderState::Unfinished
            | OrderState::CancelContested
            | OrderState::OnHold
            | OrderState::AwaitingConsent
            | OrderState::InCustody => false,
        }
    }

    /// Order of a list: work that is going on, then by appointment, urgency and age; what is over comes last.
    pub(crate) fn rank(&self) -> impl Ord + use<> {
        let window = self.appointment.map_or(UnixMillis(i64::MAX), |window| window.from);
        let urgency = core::cmp::Reverse(self.urgency);
        (self.is_over(), self.visit.is_none(), window, urgency, self.serial.clone(), self.updated)
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(PROBLEM_CHARACTERS_MAX).collect()
}
