//! What the one-line summaries of later kinds quote: terms, custody, money, planning, the office's books.

use super::messages::{Language, coded};
use super::summary::{line, money, quote};
use crate::facts::FactBody;
use crate::facts::values::HeaderChange;

type Values = Vec<(&'static str, String)>;

/// What the sentence of a kind quotes.
pub(super) fn values(body: &FactBody, language: Language) -> Values {
    terms(body, language).or_else(|| work(body, language)).or_else(|| books(body, language)).unwrap_or_default()
}

fn code(name: &'static str, group: &str, code: &str, language: Language) -> (&'static str, String) {
    (name, coded(group, code, language).to_owned())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of one file of bodies")]
fn terms(body: &FactBody, language: Language) -> Option<Values> {
    Some(match body {
        FactBody::SetWarranty(body) => vec![code("class", "class", body.class.code(), language)],
        FactBody::QualityVerdict(body) => vec![code("verdict", "verdict", body.verdict.code(), language)],
        FactBody::IssueQuote(body) => {
            let mut sums: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
            for line in &body.lines {
                let sum = sums.entry(&line.amount.currency).or_insert(0);
                *sum = sum.saturating_add(line.amount.minor);
            }
            let sums: Vec<String> = sums.into_iter().map(|(currency, minor)| money(minor, currency)).collect();
            vec![("version", body.version.to_string()), ("amount", sums.join(" + "))]
        }
        FactBody::GiveConsent(body) => vec![("version", body.version.to_string())],
        FactBody::RefuseConsent(body) => vec![("version", body.version.to_string())],
        FactBody::CancelByCustomer(body) => vec![("reason", quote(&body.reason))],
        FactBody::GrantDiscount(body) => {
            vec![("amount", money(body.amount.minor, &body.amount.currency)), ("reason", quote(&body.reason))]
        }
        FactBody::SignByCode(body) => {
            vec![("name", quote(&body.name)), code("opinion", "opinion", body.opinion.grade.code(), language)]
        }
        FactBody::AttachPaper(body) => {
            vec![("name", quote(&body.name)), code("opinion", "opinion", body.opinion.grade.code(), language)]
        }
        FactBody::FileDocument(body) => vec![code("demand", "demand", body.demand.code(), language)],
        FactBody::OpenComplaint(body) => vec![("text", quote(&body.text))],
        FactBody::Approve(body) => vec![code("matter", "matter", body.matter.code(), language)],
        FactBody::Reject(body) => {
            vec![code("matter", "matter", body.matter.code(), language), ("reason", quote(&body.reason))]
        }
        _ => return None,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of three files of bodies")]
fn work(body: &FactBody, language: Language) -> Option<Values> {
    Some(match body {
        FactBody::Hold(body) => vec![code("reason", "hold", body.reason.code(), language)],
        FactBody::EditHeader(body) => {
            let change = |change: &HeaderChange| {
                let value = quote(change.value.as_deref().unwrap_or("-"));
                format!("{} = {value}", coded("header", change.field.code(), language))
            };
            vec![("changes", body.changes.iter().map(change).collect::<Vec<_>>().join("; "))]
        }
        FactBody::Decline(body) => vec![("reason", quote(&body.reason))],
        FactBody::CreateEmergencyOrder(body) => vec![("problem", quote(&body.problem))],
        FactBody::SelfDispatch(body) => vec![code("basis", "basis", body.basis.code(), language)],
        FactBody::RequestParts(body) => {
            vec![("parts", body.parts.iter().map(|part| quote(&part.name)).collect::<Vec<_>>().join(", "))]
        }
        FactBody::Escalate(body) => {
            vec![code("kind", "escalation", body.kind.code(), language), ("text", quote(&body.text))]
        }
        FactBody::PlanLine(body) => line(&body.line, language),
        FactBody::Unlink(body) => vec![("reason", quote(&body.reason))],
        FactBody::AddWorkItem(body) => vec![("item", body.item.to_string()), ("name", quote(&body.name))],
        FactBody::DropWorkItem(body) => vec![("item", body.item.to_string()), ("reason", quote(&body.reason))],
        FactBody::OutcomeNotRepairable(body) => vec![("finding", quote(&body.finding))],
        FactBody::ReplaceLine(body) => line(&body.new, language),
        FactBody::ReportContact(body) => vec![("name", quote(&body.name))],
        FactBody::SwapUnit(body) => vec![("serial", quote(&body.new_serial))],
        FactBody::CorrectFact(body) => vec![("reason", quote(&body.reason))],
        FactBody::TakeCustody(body) => {
            vec![("goods", quote(&body.goods.name)), ("receipt", quote(&body.receipt))]
        }
        FactBody::TransferCustody(body) => vec![code("place", "place", body.place.code(), language)],
        FactBody::ReturnCustody(body) => vec![code("receipt", "receipt", body.receipt.code(), language)],
        FactBody::BenchWork(body) => vec![code("step", "bench", body.step.code(), language)],
        FactBody::Inspect(body) => {
            let result = if body.passed { "passed" } else { "failed" };
            vec![code("result", "inspection", result, language)]
        }
        _ => return None,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of two files of bodies; others quote nothing")]
fn books(body: &FactBody, language: Language) -> Option<Values> {
    Some(match body {
        FactBody::CollectCash(body) => {
            vec![("amount", money(body.amount.minor, &body.amount.currency)), ("receipt", quote(&body.receipt))]
        }
        FactBody::RemitCash(body) => vec![("amount", money(body.amount.minor, &body.amount.currency))],
        FactBody::BookTransfer(body) => vec![("amount", money(body.amount.minor, &body.amount.currency))],
        FactBody::AssignNumber(body) => vec![("number", quote(&body.number))],
        FactBody::VoidNumber(body) => vec![("number", quote(&body.number)), ("reason", quote(&body.reason))],
        FactBody::IssueBlock(body) => {
            vec![("first", format!("{}{}", body.prefix, body.first)), ("last", format!("{}{}", body.prefix, body.last))]
        }
        FactBody::Reopen(body) => vec![("reason", quote(&body.reason))],
        FactBody::Invoice(body) => {
            vec![("number", quote(&body.number)), ("amount", money(body.amount.minor, &body.amount.currency))]
        }
        FactBody::Credit(body) => {
            vec![("amount", money(body.amount.minor, &body.amount.currency)), ("reason", quote(&body.reason))]
        }
        FactBody::Settle(body) => {
            vec![("period", quote(&body.period)), ("amount", money(body.amount.minor, &body.amount.currency))]
        }
        FactBody::RecordCost(body) => {
            vec![("name", quote(&body.name)), ("amount", money(body.amount.minor, &body.amount.currency))]
        }
        FactBody::SetLiability(body) => vec![code("case", "liability", body.case.code(), language)],
        FactBody::RecordCallback(body) => vec![code("result", "callback", body.result.code(), language)],
        FactBody::StateFinding(body) => {
            vec![code("finding", "finding", body.kind.code(), language), ("subject", quote(&body.subject))]
        }
        FactBody::LiftFinding(body) => vec![code("finding", "finding", body.kind.code(), language)],
        FactBody::HandleComplaint(body) => vec![("text", quote(&body.text))],
        _ => return None,
    })
}
