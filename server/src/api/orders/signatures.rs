//! Signatures with what was drawn, each verified against the device's certified key (C-080).

use docket_sync_core::facts::bodies::SignDocument;
use docket_sync_core::facts::{Fact, FactBody, Origin};
use docket_sync_core::ids::{BlobId, DeviceId};
use docket_sync_core::lifecycle::facets::ProofView;
use docket_sync_core::lifecycle::view::OrderView;
use docket_sync_core::voucher::strokes::{DrawnPoint, Strokes};
use docket_sync_core::voucher::{Proof, SignedFact, verify_sign};
use serde::Serialize;
use utoipa::ToSchema;

use super::load::Loaded;
use crate::api::reading::Reading;
use crate::commit::{CommitError, Tables};
use crate::feed::devices::{DeviceRecord, read_device};
use crate::store::Table;

/// The customer's opinion (C-081).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OpinionItem {
    /// `none_given`, `satisfied`, `acceptable` or `dissatisfied`.
    grade: &'static str,
    text: Option<String>,
}

/// One point of a drawing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct PointItem {
    /// Pixels from the left.
    x: f64,
    /// Pixels from the top.
    y: f64,
    /// Milliseconds since the first point.
    t: f64,
    /// Pressure, 0 to 1.
    p: f64,
}

/// What was drawn on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CanvasItem {
    /// Pixels.
    width: u16,
    /// Pixels.
    height: u16,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct SignatureItem {
    fact: String,
    /// Name as written.
    name: String,
    relation: String,
    opinion: OpinionItem,
    voucher_digest: String,
    /// Content address of the proof.
    proof_blob: String,
    /// `present`, or `pending` until the blob has arrived.
    proof: &'static str,
    strokes: Option<Vec<Vec<PointItem>>>,
    canvas: Option<CanvasItem>,
    /// The proof is intact and the device's certified key signed it.
    verified: bool,
    /// The check found that it does not verify: it counts for nothing.
    rejected: bool,
    signed_at: i64,
}

/// A sign fact with what it is verified with.
pub(super) struct Evidence<'a> {
    pub(super) fact: &'a Fact,
    pub(super) body: &'a SignDocument,
    pub(super) device: Option<DeviceRecord>,
    pub(super) proof: Option<Vec<u8>>,
}

impl<'a> Evidence<'a> {
    /// Reads device and proof of a sign fact; `None` for any other.
    pub(super) fn read(reading: &Reading<'_>, fact: &'a Fact) -> Result<Option<Self>, CommitError> {
        let FactBody::SignDocument(body) = fact.body() else { return Ok(None) };
        let device = match device_of(fact) {
            Some(device) => read_device(reading.store(), device)?,
            None => None,
        };
        Ok(Some(Self { fact, body, device, proof: read_proof(reading, body.proof)? }))
    }

    fn verified(&self, document: docket_sync_core::ids::DocumentId) -> bool {
        let (Some(device), Some(proof)) = (&self.device, &self.proof) else { return false };
        let signed = SignedFact { document, claimed: self.fact.claimed(), device: device.device, body: self.body };
        verify_sign(&signed, proof, &device.key).is_ok()
    }
}

fn device_of(fact: &Fact) -> Option<DeviceId> {
    match fact.origin {
        Some(Origin::Device { device, .. }) => Some(device),
        Some(Origin::Server { .. }) | None => None,
    }
}

/// The bytes of a proof, once they have arrived.
pub(super) fn read_proof(reading: &Reading<'_>, proof: BlobId) -> Result<Option<Vec<u8>>, CommitError> {
    Ok(Tables::get(reading.store(), Table::Blob, &proof.0)?)
}

pub(super) fn signatures(
    reading: &Reading<'_>,
    loaded: &Loaded,
    view: &OrderView,
) -> Result<Vec<SignatureItem>, CommitError> {
    let mut items = Vec::new();
    for signature in &view.signatures {
        let Some(fact) = loaded.facts.get(signature.at.fact) else { continue };
        let Some(evidence) = Evidence::read(reading, fact)? else { continue };
        let strokes =
            evidence.proof.as_deref().and_then(|bytes| Proof::from_bytes(bytes).ok()).map(|proof| proof.strokes);
        items.push(SignatureItem {
            fact: signature.at.fact.reference().to_string(),
            name: signature.name.clone(),
            relation: signature.relation.clone(),
            opinion: OpinionItem { grade: signature.opinion.grade.code(), text: signature.opinion.text.clone() },
            voucher_digest: signature.voucher.to_string(),
            proof_blob: signature.proof.to_string(),
            proof: if evidence.proof.is_some() { "present" } else { "pending" },
            strokes: strokes.as_ref().map(drawn),
            canvas: strokes.as_ref().map(|strokes| CanvasItem { width: strokes.width, height: strokes.height }),
            rejected: signature.rejected,
            verified: evidence.verified(loaded.facts.document()),
            signed_at: signature.at.time.0,
        });
    }
    Ok(items)
}

/// An agreement beside a signature on the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ProofItem {
    fact: String,
    /// `code` or `paper`.
    way: &'static str,
    name: String,
    relation: String,
    opinion: OpinionItem,
    voucher_digest: String,
    /// Content address of the photo of a paper.
    photo: Option<String>,
    signed_at: i64,
}

pub(super) fn proofs(view: &OrderView) -> Vec<ProofItem> {
    let item = |proof: &ProofView| ProofItem {
        fact: proof.at.fact.reference().to_string(),
        way: proof.way.code(),
        name: proof.name.clone(),
        relation: proof.relation.clone(),
        opinion: OpinionItem { grade: proof.opinion.grade.code(), text: proof.opinion.text.clone() },
        voucher_digest: proof.voucher.to_string(),
        photo: proof.photo.map(|photo| photo.to_string()),
        signed_at: proof.at.time.0,
    };
    view.facets.proofs.iter().map(item).collect()
}

fn drawn(strokes: &Strokes) -> Vec<Vec<PointItem>> {
    let point = |point: &DrawnPoint| PointItem { x: point.x, y: point.y, t: point.t, p: point.pressure };
    strokes.to_drawing().strokes.iter().map(|stroke| stroke.iter().map(point).collect()).collect()
}
