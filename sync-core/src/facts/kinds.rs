//! The table of fact kinds: number, code, class, audience and who may state it (lifecycle table 4.4).
//!
//! The device's offered actions, the gate and the generated documentation come from this table.

use super::bodies::{
    Accept, Acknowledge, AddNote, Admit, Arrive, Assign, CancelByOffice, Close, ConfirmAppointment, ConfirmRequest,
    Depart, Discard, End, OutcomeDone, OutcomeUnfinished, PassOver, Pause, ProposeAppointment, RecordLine, Refuse,
    RefuseSignature, RegisterCall, Reinstate, RejectSignature, Renumber, ResolveReview, Resume, ReturnVoucher,
    ReverseLine, ReviewDefault, Seen, SignDocument, Start, Unassign, WithdrawOwn,
};
use crate::wire::coded_enum;

coded_enum! {
    /// A role that a person holds; rights are constants of the schema level.
    Role {
        /// 客服 / 业务员: registers, confirms, books vouchers back, calls customers.
        Clerk = 0 "clerk",
        /// 派工员 / 客服主管.
        Dispatcher = 1 "dispatcher",
        /// 主管 / 服务主任.
        Supervisor = 2 "supervisor",
        /// 技术员 / 师傅.
        Technician = 3 "technician",
        /// Manages people, devices and the store.
        Administrator = 4 "administrator",
        /// 监督小组: reads everything, writes nothing (C-265).
        Auditor = 5 "auditor",
    }
}

coded_enum! {
    /// What may overrule what (lifecycle 4.1, R1).
    Class {
        /// Planning.
        Intent = 0 "intent",
        /// An office act with legal or book effect.
        Admin = 1 "admin",
        /// A promise made with the customer.
        Commitment = 2 "commitment",
        /// It happened in the world.
        Physical = 3 "physical",
    }
}

coded_enum! {
    /// Who may read a fact.
    Audience {
        /// In the order's document, on every device in scope.
        Field = 0 "field",
        /// In the companion document, never on a technician's device.
        Office = 1 "office",
    }
}

/// Who may state a kind at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// Roles of people who may be its author.
    pub roles: &'static [Role],
    /// Whether a `system:` author may state it.
    pub system: bool,
}

const OFFICE: &[Role] = &[Role::Clerk, Role::Dispatcher, Role::Supervisor];
const DISPATCH: &[Role] = &[Role::Dispatcher, Role::Supervisor];
const FIELD: &[Role] = &[Role::Technician];
const ANYONE: &[Role] = &[Role::Clerk, Role::Dispatcher, Role::Supervisor, Role::Technician];

macro_rules! fact_kinds {
    ($($number:literal $code:literal $body:ident $class:ident $audience:ident $roles:expr, $system:literal;)*) => {
        coded_enum! {
            /// The kind of a fact. Numbers and codes are frozen; the list only grows.
            FactKind { $(
                #[doc = concat!("`", $code, "`.")]
                $body = $number $code
            ),* }
        }

        impl FactKind {
            /// Its class.
            #[must_use]
            pub fn class(self) -> Class {
                match self { $(Self::$body => Class::$class),* }
            }

            /// Its audience.
            #[must_use]
            pub fn audience(self) -> Audience {
                match self { $(Self::$body => Audience::$audience),* }
            }

            /// Who may state it.
            #[must_use]
            pub fn right(self) -> Right {
                match self { $(Self::$body => Right { roles: $roles, system: $system }),* }
            }
        }

        /// The content of a fact by kind.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant wraps the body of the same name, documented there")]
        pub enum FactBody {
            $($body($body),)*
            /// A kind of a later schema level: kept whole, forwarded, not interpreted (U-15).
            Unknown {
                /// Its number.
                kind: u8,
                /// Its CBOR.
                bytes: Vec<u8>,
            },
        }

        impl FactBody {
            /// The kind, unless this version does not know it.
            #[must_use]
            pub fn kind(&self) -> Option<FactKind> {
                match self {
                    $(Self::$body(_) => Some(FactKind::$body),)*
                    Self::Unknown { .. } => None,
                }
            }

            /// The kind's number on the wire.
            #[must_use]
            pub fn kind_number(&self) -> u8 {
                match self {
                    $(Self::$body(_) => $number,)*
                    Self::Unknown { kind, .. } => *kind,
                }
            }

            pub(super) fn encode_into(&self, bytes: &mut Vec<u8>) {
                match self {
                    $(Self::$body(body) => bytes.extend(crate::wire::encode(body)),)*
                    Self::Unknown { bytes: unknown, .. } => bytes.extend(unknown),
                }
            }

            pub(super) fn decode_from(kind: u8, item: &[u8]) -> Result<Self, crate::DecodeError> {
                Ok(match kind {
                    $($number => Self::$body(crate::wire::decode(concat!("fact ", $code), item)?),)*
                    _ => Self::Unknown { kind, bytes: item.to_vec() },
                })
            }
        }

        $(impl From<$body> for FactBody {
            fn from(body: $body) -> Self {
                Self::$body(body)
            }
        })*
    };
}

fact_kinds! {
    1 "register_call" RegisterCall Admin Field OFFICE, true;
    2 "confirm_request" ConfirmRequest Commitment Field OFFICE, true;
    3 "assign" Assign Intent Field DISPATCH, true;
    4 "unassign" Unassign Intent Field DISPATCH, true;
    5 "accept" Accept Intent Field FIELD, false;
    6 "refuse" Refuse Intent Field FIELD, false;
    7 "propose_appointment" ProposeAppointment Intent Field ANYONE, true;
    8 "confirm_appointment" ConfirmAppointment Commitment Field ANYONE, false;
    9 "seen" Seen Admin Field FIELD, false;
    10 "depart" Depart Physical Field FIELD, false;
    11 "arrive" Arrive Physical Field FIELD, false;
    12 "start" Start Physical Field FIELD, false;
    13 "pause" Pause Physical Field FIELD, false;
    14 "resume" Resume Physical Field FIELD, false;
    15 "end" End Physical Field FIELD, false;
    16 "record_line" RecordLine Physical Field FIELD, false;
    17 "reverse_line" ReverseLine Physical Field &[Role::Technician, Role::Supervisor], false;
    18 "add_note" AddNote Admin Field ANYONE, false;
    19 "outcome_done" OutcomeDone Physical Field FIELD, false;
    20 "outcome_unfinished" OutcomeUnfinished Physical Field FIELD, false;
    21 "sign_document" SignDocument Commitment Field FIELD, false;
    22 "refuse_signature" RefuseSignature Commitment Field FIELD, false;
    23 "return_voucher" ReturnVoucher Admin Field &[Role::Clerk, Role::Supervisor], false;
    24 "withdraw_own" WithdrawOwn Physical Field &[Role::Technician, Role::Supervisor], false;
    25 "acknowledge" Acknowledge Physical Field ANYONE, false;
    26 "cancel_by_office" CancelByOffice Intent Field DISPATCH, false;
    27 "reinstate" Reinstate Intent Field DISPATCH, false;
    28 "close" Close Admin Field &[Role::Clerk, Role::Supervisor], false;
    29 "review_default" ReviewDefault Admin Field &[], true;
    30 "resolve_review" ResolveReview Admin Field OFFICE, false;
    31 "reject_signature" RejectSignature Admin Field &[], true;
    61 "admit" Admit Admin Field &[Role::Supervisor], false;
    62 "discard" Discard Admin Field &[Role::Supervisor], false;
    63 "pass_over" PassOver Admin Field &[], true;
    64 "renumber" Renumber Admin Field &[], true;
}

impl FactKind {
    /// Whether it is stated by the store's own server only, online (lifecycle 4.4): from a device, whoever uses it,
    /// it is refused.
    #[must_use]
    pub fn is_office_act(self) -> bool {
        matches!(self, Self::Admit | Self::Discard | Self::PassOver | Self::Renumber)
    }
}
