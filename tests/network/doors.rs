//! Who may not come in: wrong passwords, codes that are wrong, used or not proven.

use docket_client::platform::Platform;
use docket_client::platform::testing::{CountingRandom, ManualClock, MemoryKeyStore};
use docket_client::enrolment::request;
use docket_client::store::memory::MemoryStore;
use docket_client::transport::{Http, Server, TransportError};
use docket_harness::office::{ADMIN, Office};
use docket_harness::world::{MORNING, Trouble};
use serde_json::{Value, json};

use super::setting::rest;

fn question(code: &str, seed: u64) -> Result<Value, Trouble> {
    let platform = Platform {
        keys: Box::new(MemoryKeyStore::new()),
        clock: Box::new(ManualClock::new(MORNING)),
        random: Box::new(CountingRandom::new(seed)),
    };
    Ok(serde_json::to_value(request(&MemoryStore::new(), &platform, code)?)?)
}

#[tokio::test]
async fn wrong_passwords_codes_and_proofs_are_refused_in_words() -> Result<(), Trouble> {
    let mut office = Office::init("Test company").await?;
    office.add_person("li", "李师傅", &["technician"], &[]).await?;
    let (code, spare) = (office.enrolment_code("li").await?, office.enrolment_code("li").await?);
    let address = office.serve().await?;

    for (login, password) in [(ADMIN, "wrong password here"), ("nobody", "wrong password here"), (ADMIN, "")] {
        let given = json!({"login": login, "password": password});
        let answer = rest(address, "POST", "/api/login", None, Some(&given)).await?;
        assert_eq!((answer.status, answer.body["code"].as_str()), (401, Some("wrong_login")), "{}", answer.body);
        assert!(answer.cookie.is_none());
    }
    let answer = rest(address, "GET", "/api/orders", Some("docket_session=deadbeef"), None).await?;
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert!(answer.body["code"].is_string() && answer.body["message"].is_string(), "{}", answer.body);

    let mut http = Http::new(Server::new(&format!("http://{address}"), None)?);
    let refused = |answer: Result<Value, TransportError>| match answer {
        Err(TransportError::Refused { status, code, message }) if !message.is_empty() => Ok((status, code)),
        other => Err(Trouble::from(format!("not refused: {other:?}"))),
    };
    // A code that nobody made, one of no form, and a good one with the proof of another key.
    let (status, why) = refused(http.post_enrolment(&question("AAAA-AAAA-AAAA-AAAA", 1)?).await)?;
    assert!((400..500).contains(&status), "{status} {why}");
    let (status, why) = refused(http.post_enrolment(&question("?", 2)?).await)?;
    assert!((400..500).contains(&status), "{status} {why}");
    let mut forged = question(&spare, 3)?;
    forged["signature"] = question(&spare, 4)?["signature"].clone();
    let (status, why) = refused(http.post_enrolment(&forged).await)?;
    assert!((400..500).contains(&status), "{status} {why}");
    // Once with the right proof, again with the same (a lost answer), never with another key.
    let good = question(&code, 5)?;
    let first = http.post_enrolment(&good).await?;
    assert_eq!(http.post_enrolment(&good).await?["device"], first["device"]);
    let (status, why) = refused(http.post_enrolment(&question(&code, 6)?).await)?;
    assert!((400..500).contains(&status) && !why.is_empty(), "{status} {why}");
    for nonsense in [json!({}), json!([1]), json!({"code": 7}), Value::Null] {
        let (status, why) = refused(http.post_enrolment(&nonsense).await)?;
        assert!((400..500).contains(&status) && !why.is_empty(), "{nonsense}: {status} {why}");
    }
    Ok(())
}
