//! The rules of follow-up calls: who is called until when, and what an answer does.
//!
//! Pure: plain values in, a decision out. Not here: how the list is kept.

use docket_sync_core::ids::{FactRef, PersonId};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::time::UnixMillis;
use minicbor::{Decode, Encode};

/// What the customer said; it ends the callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Outcome {
    /// 满意: nothing to do.
    #[n(0)]
    Ok,
    /// 退回重办: the work must be done again. Marked on the list; the rework is an order of its own.
    #[n(1)]
    Redo,
    /// 退回重填: the voucher must be filled in again.
    #[n(2)]
    Refill,
    /// 投诉: the customer complains.
    #[n(3)]
    Complaint,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Redo, Self::Refill, Self::Complaint];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Redo => "redo",
            Self::Refill => "refill",
            Self::Complaint => "complaint",
        }
    }
}

/// What came of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The customer said this.
    Reached(Outcome),
    /// Nobody answered.
    NoAnswer,
}

impl Answer {
    /// The answer with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        if code == "no_answer" {
            return Some(Self::NoAnswer);
        }
        Outcome::ALL.into_iter().find(|outcome| outcome.code() == code).map(Self::Reached)
    }
}

/// The completion that a callback follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Completion {
    /// The fact that the work is done.
    #[n(0)]
    pub fact: FactRef,
    /// When it was done: field time, the lower bound of the true time, never the time of upload (C-198).
    #[n(1)]
    pub at: UnixMillis,
    /// Who did it.
    #[n(2)]
    pub technician: Option<PersonId>,
}

/// One callback as kept.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Callback {
    /// What it follows.
    #[n(0)]
    pub completion: Completion,
    /// Until when the customer is to be called (C-151).
    #[n(1)]
    pub due_at: UnixMillis,
    /// Not before this time: the next try after nobody answered.
    #[n(2)]
    pub next_at: UnixMillis,
    /// Calls made, the last one included.
    #[n(3)]
    pub attempts: u32,
    /// What the customer said; absent while it is due.
    #[n(4)]
    pub outcome: Option<Outcome>,
    /// What the clerk wrote at the last call.
    #[n(5)]
    pub note: Option<String>,
    /// Who made the last call.
    #[n(6)]
    pub by: Option<PersonId>,
    /// When the last call was made.
    #[n(7)]
    pub called_at: Option<UnixMillis>,
    /// What he had seen of the order when he made it: the frontier of his view.
    #[n(8)]
    pub seen: Option<Vec<FactRef>>,
}

/// What a change of an order does to its callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// It is on the list now, or its completion is another one.
    Put(Callback),
    /// The completion was withdrawn before anybody called: it is off the list.
    Withdraw,
}

/// The callback was done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this callback was done before")]
pub struct AlreadyDone;

/// Every completed order gets one callback (C-150), due within the policy's days (C-151). What the customer said
/// stands, whatever becomes of the completion afterwards.
#[must_use]
pub fn follow(policy: &ServicePolicy, kept: Option<&Callback>, completion: Option<Completion>) -> Change {
    match (kept, completion) {
        (None, None) => Change::None,
        (Some(kept), _) if kept.outcome.is_some() => Change::None,
        (Some(kept), Some(completion)) if kept.completion == completion => Change::None,
        (Some(_), None) => Change::Withdraw,
        (kept, Some(completion)) => {
            let due_at = policy.callback_due_at(completion.at);
            let new = Callback {
                completion,
                due_at,
                next_at: completion.at,
                attempts: 0,
                outcome: None,
                note: None,
                by: None,
                called_at: None,
                seen: None,
            };
            // Calls that were made stay counted.
            let kept = kept.cloned().unwrap_or_else(|| new.clone());
            Change::Put(Callback { completion, due_at, next_at: new.next_at.max(kept.next_at), ..kept })
        }
    }
}

/// One call by a clerk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What came of it.
    pub answer: Answer,
    /// What he wrote.
    pub note: Option<String>,
    /// Who called.
    pub by: PersonId,
    /// When.
    pub at: UnixMillis,
    /// The frontier of the view he had before him.
    pub seen: Vec<FactRef>,
}

/// The callback after a call: done, or due again after the policy's hours when nobody answered.
///
/// # Errors
/// [`AlreadyDone`] at the second answer.
pub fn answer(policy: &ServicePolicy, kept: &Callback, call: Call) -> Result<Callback, AlreadyDone> {
    if kept.outcome.is_some() {
        return Err(AlreadyDone);
    }
    let (outcome, next_at) = match call.answer {
        Answer::Reached(outcome) => (Some(outcome), kept.next_at),
        Answer::NoAnswer => (None, policy.callback_retry_at(call.at)),
    };
    Ok(Callback {
        completion: kept.completion,
        due_at: kept.due_at,
        next_at,
        attempts: kept.attempts.saturating_add(1),
        outcome,
        note: call.note.or_else(|| kept.note.clone()),
        by: Some(call.by),
        called_at: Some(call.at),
        seen: Some(call.seen),
    })
}

/// Whether the customer should have been called by now (C-151).
#[must_use]
pub fn is_overdue(callback: &Callback, now: UnixMillis) -> bool {
    callback.outcome.is_none() && now > callback.due_at
}

#[cfg(test)]
mod tests {
    use docket_sync_core::time::{DAY, HOUR};

    use super::*;

    fn policy() -> ServicePolicy {
        ServicePolicy::shipped().unwrap()
    }

    /// Done on the 1st at this hour of the company's day.
    fn done(hour: i64, sequence: u64) -> Completion {
        Completion {
            fact: FactRef { prefix: [1; 5], sequence },
            at: UnixMillis((hour - 8) * HOUR),
            technician: Some(PersonId([7; 16])),
        }
    }

    fn planned(completion: Completion) -> Callback {
        match follow(&policy(), None, Some(completion)) {
            Change::Put(callback) => callback,
            other => panic!("{other:?}"),
        }
    }

    fn call(answer: Answer, at: i64) -> Call {
        Call { answer, note: None, by: PersonId([9; 16]), at: UnixMillis(at), seen: Vec::new() }
    }

    #[test]
    fn c_150_every_completed_order_is_on_the_list_once() {
        let callback = planned(done(12, 1));
        assert_eq!((callback.attempts, callback.outcome), (0, None));
        assert_eq!(follow(&policy(), Some(&callback), Some(done(12, 1))), Change::None);
        assert_eq!(follow(&policy(), None, None), Change::None);
        assert_eq!(follow(&policy(), Some(&callback), None), Change::Withdraw);
    }

    #[test]
    fn c_150_another_completion_moves_the_callback_and_keeps_the_calls() {
        let tried = answer(&policy(), &planned(done(12, 1)), call(Answer::NoAnswer, 0)).unwrap();
        let Change::Put(moved) = follow(&policy(), Some(&tried), Some(done(36, 2))) else { panic!("not moved") };
        assert_eq!((moved.completion, moved.attempts), (done(36, 2), 1));
        assert_eq!(moved.due_at, tried.due_at.plus(DAY));
    }

    #[test]
    fn c_151_completed_on_the_1st_is_overdue_when_the_4th_is_over() {
        let end_of_the_4th = UnixMillis(4 * DAY - 8 * HOUR - 1);
        for hour in [0, 12, 23] {
            let callback = planned(done(hour, 1));
            assert_eq!(callback.due_at, end_of_the_4th, "{hour}:00");
            assert!(!is_overdue(&callback, end_of_the_4th) && is_overdue(&callback, end_of_the_4th.plus(1)));
        }
        assert_eq!(planned(done(24, 1)).due_at, end_of_the_4th.plus(DAY));
        let mut slow = policy();
        slow.callback.days = 7;
        assert!(matches!(follow(&slow, None, Some(done(12, 1))),
            Change::Put(callback) if callback.due_at == end_of_the_4th.plus(4 * DAY)));
    }

    #[test]
    fn c_150_an_answer_ends_the_callback_exactly_once() {
        for outcome in Outcome::ALL {
            assert_eq!(Answer::from_code(outcome.code()), Some(Answer::Reached(outcome)));
            let answered = answer(&policy(), &planned(done(12, 1)), call(Answer::Reached(outcome), 5)).unwrap();
            assert_eq!((answered.outcome, answered.attempts), (Some(outcome), 1));
            assert!(!is_overdue(&answered, UnixMillis(i64::MAX)));
            assert_eq!(answer(&policy(), &answered, call(Answer::NoAnswer, 6)), Err(AlreadyDone));
            assert_eq!(follow(&policy(), Some(&answered), None), Change::None, "what the customer said stands");
            assert_eq!(follow(&policy(), Some(&answered), Some(done(12, 2))), Change::None);
        }
        assert_eq!(Answer::from_code("perhaps"), None);
    }

    #[test]
    fn c_151_no_answer_is_counted_and_stays_due() {
        let callback = planned(done(12, 1));
        let tried = answer(&policy(), &callback, call(Answer::NoAnswer, 10 * HOUR)).unwrap();
        assert_eq!((tried.attempts, tried.outcome, tried.due_at), (1, None, callback.due_at));
        assert_eq!(tried.next_at, UnixMillis(14 * HOUR));
        assert_eq!(answer(&policy(), &tried, call(Answer::NoAnswer, 15 * HOUR)).unwrap().attempts, 2);
    }
}
