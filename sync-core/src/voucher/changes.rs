//! What changed since the customer last signed: added, removed and changed parts, totals before and after (R6, X-44).
//!
//! Lines are compared by what they say, not by their number: a line that was taken back does not make every line
//! after it look changed.

use super::labels::{filled, label};
use super::render::printable;
use super::{Leaf, Voucher};
use crate::reference::Language;
use crate::wire::coded_enum;

coded_enum! {
    /// What happened to a part of a voucher.
    ChangeKind {
        /// Only the later voucher has it.
        Added = 0 "added",
        /// Only the signed voucher has it.
        Removed = 1 "removed",
        /// It reads otherwise.
        Changed = 2 "changed",
    }
}

/// One part of a voucher that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// Path of its first field, in the later voucher where it is there.
    pub path: String,
    /// Key of its label.
    pub label: String,
    /// As signed; absent for what was added.
    pub before: Option<String>,
    /// As it is now; absent for what was removed.
    pub after: Option<String>,
}

impl Change {
    /// The change in words.
    #[must_use]
    pub fn render_text(&self, language: Language) -> String {
        let key = match self.kind {
            ChangeKind::Added => "voucher.change.added",
            ChangeKind::Removed => "voucher.change.removed",
            ChangeKind::Changed => "voucher.change.changed",
        };
        let shown = |text: &Option<String>| printable(text.as_deref().unwrap_or_default());
        let values =
            [("label", label(&self.label, language)), ("before", shown(&self.before)), ("after", shown(&self.after))];
        filled(key, language, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
    }
}

/// Fields that belong together: a line with its quantity and price, or one field alone.
struct Part<'a> {
    /// `line`, `visit`, ... for what is numbered; else the path.
    kind: &'a str,
    numbered: bool,
    path: &'a str,
    label: &'a str,
    name: &'a str,
    text: String,
    erased: bool,
}

impl Voucher {
    /// What reads otherwise in `later`, in the order of the fields. Erased fields cannot be compared and are passed
    /// over.
    #[must_use]
    pub fn changes(&self, later: &Self) -> Vec<Change> {
        let (before, after) = (parts(self), parts(later));
        let same = |one: &Part<'_>, other: &Part<'_>| {
            one.kind == other.kind && (!one.numbered || one.label == other.label) && one.text == other.text
        };
        let (before, mut after) = without_equal(before, after, same);
        let mut changes = Vec::new();
        for old in before {
            let fits = |new: &Part<'_>| {
                new.kind == old.kind && (!old.numbered || (new.label == old.label && new.name == old.name))
            };
            let new = after.iter().position(fits).map(|index| after.remove(index));
            if old.erased || new.as_ref().is_some_and(|new| new.erased) {
                continue;
            }
            changes.push(match new {
                Some(new) => change(ChangeKind::Changed, &new, Some(old.text), Some(new.text.clone())),
                None => change(ChangeKind::Removed, &old, Some(old.text.clone()), None),
            });
        }
        let added = after.iter().filter(|new| !new.erased);
        changes.extend(added.map(|new| change(ChangeKind::Added, new, None, Some(new.text.clone()))));
        changes
    }
}

fn change(kind: ChangeKind, part: &Part<'_>, before: Option<String>, after: Option<String>) -> Change {
    Change { kind, path: part.path.to_owned(), label: part.label.to_owned(), before, after }
}

/// Both lists without what is in both; two equal lines are two.
fn without_equal<'a>(
    before: Vec<Part<'a>>,
    mut after: Vec<Part<'a>>,
    same: impl Fn(&Part<'a>, &Part<'a>) -> bool,
) -> (Vec<Part<'a>>, Vec<Part<'a>>) {
    let mut left = Vec::new();
    for old in before {
        match after.iter().position(|new| same(&old, new)) {
            Some(index) => drop(after.remove(index)),
            None => left.push(old),
        }
    }
    (left, after)
}

fn parts(voucher: &Voucher) -> Vec<Part<'_>> {
    let mut parts: Vec<(Option<(&str, &str)>, Part<'_>)> = Vec::new();
    for leaf in &voucher.leaves {
        let number = numbered(leaf);
        match parts.last_mut() {
            Some((last, part)) if number.is_some() && *last == number => {
                part.text.push_str("; ");
                part.text.push_str(leaf.value().unwrap_or_default());
                part.erased |= leaf.opened.is_none();
            }
            Some(_) | None => {
                let value = leaf.value().unwrap_or_default();
                let part = Part {
                    kind: number.map_or(leaf.path.as_str(), |(kind, _)| kind),
                    numbered: number.is_some(),
                    path: &leaf.path,
                    label: &leaf.label,
                    name: value,
                    text: value.to_owned(),
                    erased: leaf.opened.is_none(),
                };
                parts.push((number, part));
            }
        }
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

/// `line.2.amount` is a part of `("line", "2")`.
fn numbered(leaf: &Leaf) -> Option<(&str, &str)> {
    let mut names = leaf.path.split('.');
    let (kind, number) = (names.next()?, names.next()?);
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some((kind, number))
}
