//! Enrolment: a one-time code and the proof of a key become a certificate.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use docket_sync_core::ids::{DeviceId, Digest, PersonId};
use docket_sync_core::proof::enrolment::{EnrolmentAnswer, EnrolmentRequest};
use std::sync::Arc;

use super::devices::{DeviceRecord, first_nonce};
use crate::api::{Body, Door, Peer, address_of};
use crate::auth::codes::{CodeError, CodeRecord, CodeStanding, EnrolmentCode};
use crate::commit::{CommitError, Tables, Writer};
use crate::error::ApiError;
use crate::office::Office;
use crate::store::Table;

/// What an enrolment came to; a wrong proof is counted, so it is not an error that drops the job.
enum Enrolled {
    Done(Box<EnrolmentAnswer>),
    Refused(CodeError),
    WrongProof,
}

impl Writer {
    /// A new code for `person`, made by `by`; the store keeps its digest only.
    pub fn new_enrolment_code(
        &mut self,
        person: PersonId,
        by: PersonId,
    ) -> Result<(EnrolmentCode, CodeRecord), CommitError> {
        if self.person(person)?.is_none() {
            return Err(CommitError::NotFound { what: "this person" });
        }
        let code = EnrolmentCode::new(self.random());
        let record = CodeRecord::new(person, self.identity().epoch, by, self.now());
        self.put(Table::Code, code.digest().0, record.to_bytes());
        Ok((code, record))
    }

    fn enrol_by_code(&mut self, request: &EnrolmentRequest) -> Result<Enrolled, CommitError> {
        let code: EnrolmentCode = match request.code.parse() {
            Ok(code) => code,
            Err(error) => return Ok(Enrolled::Refused(error)),
        };
        let Some(bytes) = self.get(Table::Code, &code.digest().0)? else {
            return Ok(Enrolled::Refused(CodeError::Unknown));
        };
        let record = CodeRecord::from_bytes(&bytes)?;
        let key = Digest(*blake3::hash(&request.device_key.0).as_bytes());
        let standing = match record.check(key, self.identity().epoch, self.now()) {
            Ok(standing) => standing,
            Err(error) => return Ok(Enrolled::Refused(error)),
        };
        if request.verify().is_err() {
            self.put(Table::Code, code.digest().0, record.with_failed_try().to_bytes());
            return Ok(Enrolled::WrongProof);
        }
        let (device, certificate) = match standing {
            CodeStanding::Repeated(device) => {
                let known: DeviceRecord =
                    self.read(Table::Device, &device.0)?.ok_or(CommitError::NotFound { what: "this device" })?;
                (device, known.certificate)
            }
            CodeStanding::Fresh => {
                let device = DeviceId(self.random());
                let certificate = self.enrol(device, request.device_key.0, record.person)?;
                let used = record.clone().with_use(device, key, self.now());
                self.put(Table::Code, code.digest().0, used.to_bytes());
                (device, certificate.to_bytes())
            }
        };
        let identity = *self.identity();
        Ok(Enrolled::Done(Box::new(EnrolmentAnswer {
            store: identity.store,
            epoch: identity.epoch,
            device,
            person: record.person,
            certificate: data_encoding::HEXLOWER.encode(&certificate),
            nonce: first_nonce(&identity, device),
            server_time_at: self.now(),
        })))
    }
}

/// `POST /device/enrol`. Who guesses codes is braked before he reaches the commit thread.
pub(super) async fn enrol_device(
    State(office): State<Arc<Office>>,
    Extension(door): Extension<Arc<Door>>,
    peer: Peer,
    Body(request): Body<EnrolmentRequest>,
) -> Result<Json<EnrolmentAnswer>, ApiError> {
    let address = address_of(peer);
    door.attempt_code(address, office.platform.clock.now())?;
    let enrolled = enrol(&office, request).await;
    let was_wrong = enrolled.as_ref().is_err_and(|error| error.status() == StatusCode::FORBIDDEN);
    if !was_wrong {
        door.succeeded_code(address);
    }
    enrolled.map(Json)
}

/// Enrols a device by its code.
///
/// # Errors
/// The code does not stand, the proof is wrong, or the store fails.
pub async fn enrol(office: &Office, request: EnrolmentRequest) -> Result<EnrolmentAnswer, ApiError> {
    let enrolled = office.committer.run(move |writer| writer.enrol_by_code(&request)).await;
    match enrolled {
        Ok(Enrolled::Done(answer)) => {
            tracing::info!(device.id = %answer.device, "a device was enrolled");
            Ok(*answer)
        }
        Ok(Enrolled::Refused(error)) => {
            Err(ApiError::new(StatusCode::FORBIDDEN, error.code(), error.to_string()).at("code"))
        }
        Ok(Enrolled::WrongProof) => {
            let message = "the signature is not by the key that is to be enrolled";
            Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_proof", message).at("signature"))
        }
        Err(CommitError::Invalid { field, code, problem }) => {
            Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, problem).at(field))
        }
        Err(CommitError::Busy | CommitError::Stopping) => {
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "the server is busy: try again in a moment"))
        }
        Err(error) => Err(ApiError::internal("enrolling a device", &error)),
    }
}
