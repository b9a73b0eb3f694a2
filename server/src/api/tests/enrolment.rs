//! Codes at the door of devices: once, by one key, within fifteen minutes.

use docket_sync_core::ids::Nonce;
use docket_sync_core::proof::enrolment::EnrolmentRequest;
use docket_sync_core::time::MINUTE;
use ed25519_dalek::SigningKey;

use super::*;

/// The devices' door of the same office.
async fn enrol(company: &Company, code: &str, key: u8) -> Answer {
    let request = EnrolmentRequest::signed(code, Nonce([key; 16]), &SigningKey::from_bytes(&[key; 32]));
    company.send(post("/device/enrol", &serde_json::to_value(request).unwrap(), &[])).await
}

async fn code(company: &Company, by: &Person, person: &Person) -> String {
    let made = company.post(by, "/api/devices/codes", &json!({"person": person.id.to_string()})).await;
    made.ok()["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_expired_code_is_refused_and_says_so() {
    let mut company = Company::new();
    company.router = crate::app::router(company.office.clone(), None);
    let admin = company.person("admin", &[Role::Administrator]).await;
    let li = company.person("li", &[Role::Technician]).await;
    let (last, late) = (code(&company, &admin, &li).await, code(&company, &admin, &li).await);
    company.pass(15 * MINUTE - 1);
    let first = enrol(&company, &last, 1).await.ok();
    company.pass(1);
    assert_eq!(enrol(&company, &late, 2).await.code(), (403, "code_expired"));
    // Nor does it give its answer again after that, or serve another key.
    assert_eq!(enrol(&company, &last, 1).await.code(), (403, "code_expired"), "{first}");
    let fresh = code(&company, &admin, &li).await;
    assert!(enrol(&company, &fresh, 3).await.status.is_success());
    assert_eq!(enrol(&company, &fresh, 4).await.code(), (403, "code_used"));
}
