//! The header as the office edited it, field by field (R2), and who pays (C-020, C-028).

use super::causality::Node;
use super::facets::{HeaderView, WarrantyFacet};
use super::findings::{Because, Findings};
use super::ground::{Ground, each, later, moment, r2};
use super::reviews::terms;
use super::view::{Request, ReviewKind, Rule};
use crate::facts::values::{HeaderChange, HeaderField, ServiceClass, Verdict};
use crate::facts::{FactKind, Role};
use crate::ids::{DocumentId, FactId};

/// Every edited field as it shows.
pub(super) fn header<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) -> Vec<HeaderView> {
    if !ground.has(&[FactKind::EditHeader]) {
        return Vec::new();
    }
    let fields = HeaderField::ALL.iter().filter_map(|field| one_field(ground, findings, *field)).collect();
    after_signing(ground, findings);
    against_work(ground, findings);
    fields
}

fn one_field<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, field: HeaderField) -> Option<HeaderView> {
    let all: Vec<(Node<'a>, &HeaderChange)> = each!(ground, EditHeader)
        .filter_map(|(node, body)| {
            body.changes.iter().find(|change| change.field == field).map(|change| (node, change))
        })
        .collect();
    let replaced = ground.causality.known_to_any(all.iter().map(|(node, _)| *node));
    let mut current: Vec<_> = all.into_iter().filter(|(node, _)| !replaced.contains(*node)).collect();
    current.sort_by(|(one, _), (other, _)| r2(*one, *other));
    let (node, change) = current.pop()?;
    let losers: Vec<Node<'a>> =
        current.iter().filter(|(_, other)| other.value != change.value).map(|(other, _)| *other).collect();
    if !losers.is_empty() {
        let because = Because {
            field: "header",
            value: field.code(),
            rule: Rule::R2,
            pair: None,
            message: "explain.header_edited_twice",
        };
        findings.explain(because, &[node], &losers);
        for loser in losers {
            findings.tell_author(loser, "notice.superseded", node);
        }
    }
    Some(HeaderView { at: moment(node), field, value: change.value.clone() })
}

/// what was signed stays signed; the difference is shown.
fn after_signing<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) {
    for (edit, _) in each!(ground, EditHeader) {
        if let Some(proof) = ground.proofs().iter().find(|proof| ground.concurrent(proof.node, edit)) {
            let because = Because {
                field: "signature",
                value: "changed_after_signing",
                rule: Rule::R6,
                pair: Some("X-44"),
                message: "explain.x_44",
            };
            findings.explain(because, &[proof.node], &[edit]);
        }
    }
}

/// what happened with the goods stands over what the office had in mind for them.
fn against_work<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) {
    for (edit, body) in each!(ground, EditHeader) {
        let edits = |field: HeaderField| body.changes.iter().any(|change| change.field == field);
        let because = |pair: &'static str, message: &'static str| Because {
            field: "custody",
            value: "stands",
            rule: Rule::R1,
            pair: Some(pair),
            message,
        };
        if edits(HeaderField::RepairPlace)
            && let Some((take, _)) = each!(ground, TakeCustody)
                .find(|(take, _)| ground.concurrent(*take, edit) && !ground.is_withdrawn(*take))
        {
            findings.explain(because("X-54", "explain.x_54"), &[take], &[edit]);
            findings.tell_author(edit, "notice.goods_taken", take);
        }
        if edits(HeaderField::BenchDue)
            && let Some((back, _)) = each!(ground, ReturnCustody).find(|(back, body)| {
                body.signed.is_some() && ground.concurrent(*back, edit) && !ground.is_withdrawn(*back)
            })
        {
            findings.explain(because("X-56", "explain.x_56"), &[back], &[edit]);
        }
    }
}

/// Who pays, as judged since the call was registered.
#[derive(Default)]
pub(super) struct Warranty<'a> {
    /// The class in force.
    pub(super) class: Option<ServiceClass>,
    /// The facet.
    pub(super) facet: Option<WarrantyFacet>,
    /// The fact that made it free for the customer after the call was registered as chargeable.
    pub(super) freed: Option<Node<'a>>,
    /// The judgement in force, where it charges the customer.
    pub(super) charged: Option<Node<'a>>,
    /// The order whose repair this one repeats (C-026).
    pub(super) repeat_of: Option<DocumentId>,
    /// The quality department's last decision (C-028).
    pub(super) verdict: Option<FactId>,
}

/// C-020, C-028: the clerk's judgement, the quality department's over it; later ones over earlier ones.
pub(super) fn warranty<'a>(
    ground: &Ground<'a>,
    findings: &mut Findings<'a>,
    request: Option<&Request>,
) -> Warranty<'a> {
    let registered = request.map(|request| request.class);
    if !ground.has(&[FactKind::SetWarranty, FactKind::QualityVerdict]) {
        return Warranty { class: registered, facet: registered.map(facet), ..Warranty::default() };
    }
    let judged = judgement(ground, |_| true);
    let class = judged.map(|(_, class)| class).or(registered);
    let verdict = each!(ground, QualityVerdict).last().map(|(node, _)| node);
    let mut facet = class.map(facet);
    for (node, _) in each!(ground, SetWarranty).filter(|(_, body)| body.disputed) {
        let terms = terms(ReviewKind::WarrantyDisputed);
        match verdict.filter(|verdict| !ground.knows(node, *verdict)) {
            Some(_) => findings.lapse(ground, &terms, &[node], Rule::R1),
            None => {
                let (value, rule, message) = ("disputed", Rule::R1, "explain.disputed");
                let because = Because { field: "warranty", value, rule, pair: None, message };
                findings.explain_unless_said(because, &[node], &[]);
                findings.raise(ground, &terms, &[node], rule);
                facet = Some(WarrantyFacet::Disputed);
            }
        }
    }
    let by = judged.map(|(node, _)| node);
    swapped(ground, findings);
    overruled(ground, findings);
    Warranty {
        class,
        facet,
        repeat_of: repeat_of(ground, findings, by),
        freed: by.filter(|_| class.is_some_and(is_free) && !registered.is_some_and(is_free)),
        charged: by.filter(|_| !class.is_some_and(is_free)),
        verdict: verdict.map(|verdict| verdict.id()),
    }
}

/// Classes under which the customer is charged nothing (C-020). A contract charges by its own terms.
pub(super) fn is_free(class: ServiceClass) -> bool {
    matches!(class, ServiceClass::Free | ServiceClass::Internal)
}

/// C-028: what the quality department has decided, a clerk who knows it does not decide otherwise; he may dispute it
/// again.
fn overruled<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) {
    for (node, _) in each!(ground, SetWarranty).filter(|(_, body)| !body.disputed) {
        if each!(ground, QualityVerdict).any(|(verdict, _)| ground.knows(node, verdict)) {
            findings.void(node, Rule::R1);
        }
    }
}

/// C-026: the judgement in force says that the guarantee of an earlier repair covers this order.
fn repeat_of<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>, judged: Option<Node<'a>>) -> Option<DocumentId> {
    let judged = judged?;
    let (node, body) = each!(ground, SetWarranty).find(|(node, _)| *node == judged)?;
    let of = body.repeat_of?;
    let because = Because { field: "warranty", value: "repeat", rule: Rule::R7, pair: None, message: "explain.repeat" };
    findings.explain(because, &[node], &[]);
    Some(of)
}

impl<'a> Warranty<'a> {
    /// Whether the customer pays nothing, and nobody disputes that.
    pub(super) fn is_free_now(&self) -> bool {
        matches!(self.facet, Some(WarrantyFacet::Free | WarrantyFacet::Internal))
    }

    /// Whether the order was free for the customer as the author of `node` saw it.
    pub(super) fn was_free(ground: &Ground<'a>, request: Option<&Request>, node: Node<'a>) -> bool {
        let known = judgement(ground, |other| ground.knows(node, other)).map(|(_, class)| class);
        known.or(request.map(|request| request.class)).is_some_and(is_free)
    }
}

/// The judgement that counts among those that pass: a verdict before what clerks set, whenever they set it (C-028); of
/// two alike the later one.
fn judgement<'a>(ground: &Ground<'a>, passes: impl Fn(Node<'a>) -> bool) -> Option<(Node<'a>, ServiceClass)> {
    let verdicts = each!(ground, QualityVerdict).filter(|(node, _)| passes(*node)).map(|(node, body)| {
        let class = match body.verdict {
            Verdict::Free => ServiceClass::Free,
            Verdict::Paid => ServiceClass::Chargeable,
        };
        (node, class)
    });
    let mut all: Vec<(Node<'a>, ServiceClass)> = verdicts.collect();
    if all.is_empty() {
        let set = each!(ground, SetWarranty).filter(|(node, _)| passes(*node)).map(|(node, body)| (node, body.class));
        all = set.collect();
    }
    let replaced = ground.causality.known_to_any(all.iter().map(|(node, _)| *node));
    all.into_iter().filter(|(node, _)| !replaced.contains(*node)).max_by(|one, other| later(one.0, other.0))
}

fn facet(class: ServiceClass) -> WarrantyFacet {
    match class {
        ServiceClass::Chargeable => WarrantyFacet::Paid,
        ServiceClass::Contract => WarrantyFacet::Contract,
        ServiceClass::Free => WarrantyFacet::Free,
        ServiceClass::Internal => WarrantyFacet::Internal,
    }
}

/// the guarantee of a unit that is not there any more; history links old and new, a clerk checks.
fn swapped<'a>(ground: &Ground<'a>, findings: &mut Findings<'a>) {
    for (swap, _) in each!(ground, SwapUnit).filter(|(swap, _)| !ground.is_withdrawn(*swap)) {
        if let Some((set, _)) = each!(ground, SetWarranty).find(|(set, _)| ground.concurrent(*set, swap)) {
            let because =
                Because { field: "units", value: "both", rule: Rule::R1, pair: Some("X-72"), message: "explain.x_72" };
            findings.explain(because, &[swap], &[set]);
            findings.tell(None, Role::Clerk, "notice.check_unit", swap);
        }
    }
}
