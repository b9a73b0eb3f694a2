//! Quotes and what the customer agreed to: a consent binds to one version (C-023 to C-025, R6).

use std::collections::BTreeMap;

use super::causality::{Node, work};
use super::facets::{ConsentState, QuoteAnswer, QuoteView, WarrantyFacet};
use super::findings::{Because, Findings};
use super::ground::{Ground, each, later, moment};
use super::header::Warranty;
use super::lines::Agreement;
use super::reviews::{Terms, terms};
use super::view::{ReviewKind, Rule};
use super::visits::Visits;
use crate::facts::values::{Line, LineKind, QuoteLine, ReviewChoice};
use crate::facts::{FactKind, Role, bodies};

/// Quotes with their consents.
#[derive(Default)]
pub(super) struct Consents<'a> {
    /// Every version, in canonical order.
    pub(super) views: Vec<QuoteView>,
    /// Work began although the current quote was not agreed to (C-023).
    pub(super) no_consent: bool,
    /// What may still be billed by consent: the consent, the key, the currency, minor units left.
    left: Vec<Left<'a>>,
    /// Where they are, by key.
    left_of: BTreeMap<&'a str, Vec<usize>>,
}

/// Lines of one name in agreed quotes, and consents to them, that are looked at: honest quotes have a few.
const OF_ONE_KEY_MAX: usize = 128;

struct Left<'a> {
    /// Every consent to a version with this line, and the amount in it: a part that he agreed to before it was fitted
    /// stays agreed to when a later version has it too.
    consents: Vec<(Node<'a>, i64)>,
    currency: &'a str,
    minor: i64,
}

impl<'a> Consents<'a> {
    /// Whether the current quote waits for the customer.
    pub(super) fn is_awaited(&self) -> bool {
        self.views.iter().any(|quote| quote.current && quote.consent != ConsentState::Given)
    }

    /// Whether the customer agreed to this line by consent; what it takes is used up. A part needs the consent
    /// before it is fitted (C-025).
    pub(super) fn takes(&mut self, ground: &Ground<'a>, node: Node<'a>, line: &Line) -> Agreement {
        let Some(amount) = line.amount.as_ref().filter(|amount| amount.minor >= 0) else {
            return Agreement::None;
        };
        let mut agreement = Agreement::None;
        let named = |key: &str| self.left_of.get(key).into_iter().flatten().copied().take(OF_ONE_KEY_MAX);
        let by_code = line.code.as_deref().into_iter().flat_map(named);
        let mut indices: Vec<usize> = by_code.chain(named(&line.name)).collect();
        indices.sort_unstable();
        indices.dedup();
        for index in indices {
            let Some(left) = self.left.get_mut(index) else { continue };
            work::step();
            if left.currency == amount.currency && left.minor >= amount.minor {
                let is_prior =
                    |(consent, minor): &(Node<'a>, i64)| *minor >= amount.minor && ground.knows(node, *consent);
                if line.kind != LineKind::Part || left.consents.iter().any(is_prior) {
                    left.minor = left.minor.saturating_sub(amount.minor);
                    return Agreement::Given;
                }
                agreement = Agreement::TooLate;
            }
        }
        agreement
    }
}

/// By what a line of a quote is known: its code, or else its name.
fn key(line: &QuoteLine) -> &str {
    line.code.as_deref().unwrap_or(&line.name)
}

/// Every quote, its consent, and what is agreed.
pub(super) fn consents<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, visits: &Visits<'a>) -> Consents<'a> {
    if !ground.has(&[FactKind::IssueQuote]) {
        return Consents::default();
    }
    let quotes: Vec<(Node<'a>, &'a bodies::IssueQuote)> = each!(ground, IssueQuote).collect();
    let replaced = ground.causality.known_to_any(quotes.iter().map(|(node, _)| *node));
    let current =
        quotes.iter().map(|(node, _)| *node).filter(|node| !replaced.contains(*node)).max_by(|a, b| later(*a, *b));
    let answers = Answers::new(ground);
    let mut consents = Consents::default();
    let mut agreed: Vec<(Node<'a>, Node<'a>, &'a bodies::IssueQuote)> = Vec::new();
    for (quote, body) in &quotes {
        let (state, said) = answer(ground, findings, &answers, *quote);
        let consent = said.filter(|_| state == ConsentState::Given);
        if let Some(consent) = consent {
            agreed.push((consent, *quote, *body));
            superseded(ground, findings, consent, *quote, &quotes);
        }
        let is_current = current == Some(*quote);
        let consent = if !is_current && state == ConsentState::Open { ConsentState::Superseded } else { state };
        consents.views.push(QuoteView {
            at: moment(*quote),
            version: body.version,
            lines: body.lines.clone(),
            consent,
            answer: said
                .map(|node| QuoteAnswer { at: moment(node), customer: node.fact.content.head.customer.clone() }),
            current: is_current,
        });
    }
    // Of agreed versions the last one counts: it contains what is still wanted of those before.
    let replaced_by_agreed = ground.causality.known_to_any(agreed.iter().map(|(_, quote, _)| *quote));
    let last = agreed.iter().filter(|(_, quote, _)| !replaced_by_agreed.contains(*quote));
    let mut prior: BTreeMap<(&str, &str), Vec<(Node<'a>, i64)>> = BTreeMap::new();
    for (consent, _, body) in &agreed {
        for line in &body.lines {
            let of_line = prior.entry((key(line), line.amount.currency.as_str())).or_default();
            if of_line.len() < OF_ONE_KEY_MAX {
                of_line.push((*consent, line.amount.minor));
            }
        }
    }
    for line in last.flat_map(|(_, _, body)| &body.lines) {
        let (key, currency) = (key(line), line.amount.currency.as_str());
        let indices = consents.left_of.entry(key).or_default();
        if indices.len() < OF_ONE_KEY_MAX {
            indices.push(consents.left.len());
            let before = prior.get(&(key, currency)).cloned().unwrap_or_default();
            consents.left.push(Left { consents: before, currency, minor: line.amount.minor });
        }
    }
    consents.no_consent = consents.is_awaited() && visits.all.iter().any(|visit| visit.started().is_some());
    consents
}

/// C-023: work began on an order that the customer pays, and nobody had his word: neither to the request, nor to a
/// quote, nor under the voucher.
pub(super) fn is_unasked<'a>(
    ground: &Ground<'a>,
    visits: &Visits<'a>,
    warranty: &Warranty<'a>,
    confirmed: bool,
    consents: &Consents<'a>,
) -> bool {
    let agreed = || consents.views.iter().any(|quote| quote.consent == ConsentState::Given);
    warranty.facet == Some(WarrantyFacet::Paid)
        && !confirmed
        && !agreed()
        && visits.all.iter().any(|visit| visit.started().is_some())
        && ground.proofs().is_empty()
}

/// What the customer said, by the place of the quote.
struct Answers<'a> {
    given: BTreeMap<usize, Vec<Node<'a>>>,
    refused: BTreeMap<usize, Vec<Node<'a>>>,
}

impl<'a> Answers<'a> {
    fn new(ground: &Ground<'a>) -> Self {
        let mut answers = Self { given: BTreeMap::new(), refused: BTreeMap::new() };
        for (node, body) in each!(ground, GiveConsent) {
            for quote in ground.causality.resolve(body.quote) {
                answers.given.entry(quote.place()).or_default().push(node);
            }
        }
        for (node, body) in each!(ground, RefuseConsent) {
            for quote in ground.causality.resolve(body.quote) {
                answers.refused.entry(quote.place()).or_default().push(node);
            }
        }
        answers
    }
}

/// What the customer said to one version. Two answers at once are both kept until a person has called (R8); till then
/// he has not agreed (R7).
fn answer<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    answers: &Answers<'a>,
    quote: Node<'a>,
) -> (ConsentState, Option<Node<'a>>) {
    let of = |answers: &BTreeMap<usize, Vec<Node<'a>>>| answers.get(&quote.place()).cloned().unwrap_or_default();
    let (given, refused) = (of(&answers.given), of(&answers.refused));
    let known = ground.causality.known_to_any(given.iter().chain(&refused).copied());
    let yes = given.into_iter().find(|node| !known.contains(*node));
    let no = refused.into_iter().find(|node| !known.contains(*node));
    match (yes, no) {
        (Some(yes), None) => (ConsentState::Given, Some(yes)),
        (None, Some(no)) => (ConsentState::Refused, Some(no)),
        (None, None) => (ConsentState::Open, None),
        (Some(yes), Some(no)) => {
            let terms = Terms {
                choices: &[ReviewChoice::Consented, ReviewChoice::WriteOff],
                default: ReviewChoice::WriteOff,
                ..terms(ReviewKind::ConflictingCommitments)
            };
            let because = because("two_answers", Rule::R8, None, "explain.two_answers");
            findings.explain(because, &[], &[yes, no]);
            let decision = findings.raise(ground, &terms, &[yes, no], Rule::R8);
            if decision.is_some_and(|decision| decision.choice == ReviewChoice::Consented) {
                (ConsentState::Given, Some(yes))
            } else {
                (ConsentState::Refused, Some(no))
            }
        }
    }
}

/// Versions of a quote beside a consent that are named: honest orders have one or two.
const VERSIONS_BESIDE_MAX: usize = 16;

/// Versions that a consent is held against.
const VERSIONS_MAX: usize = 64;

/// he agreed to the version that he was shown; another one waits for him.
fn superseded<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    consent: Node<'a>,
    quote: Node<'a>,
    quotes: &[(Node<'a>, &'a bodies::IssueQuote)],
) {
    let elsewhere =
        quotes.iter().take(VERSIONS_MAX).filter(|(other, _)| *other != quote && ground.concurrent(*other, consent));
    for (other, _) in elsewhere.take(VERSIONS_BESIDE_MAX) {
        let because = because("bound_to_version", Rule::R6, Some("X-49"), "explain.x_49");
        findings.explain(because, &[consent, quote], &[*other]);
        findings.tell(None, Role::Clerk, "notice.quote_pending", *other);
    }
}

fn because(value: &'static str, rule: Rule, pair: Option<&'static str>, message: &'static str) -> Because {
    Because { field: "consent", value, rule, pair, message }
}
