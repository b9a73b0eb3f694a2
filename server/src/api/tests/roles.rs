//! Who may do what at the office.

use super::*;

const READ: &[&str] = &[
    "/api/orders",
    "/api/reviews",
    "/api/technicians",
    "/api/quarantine",
    "/api/units",
    "/api/people",
    "/api/devices",
    "/api/store",
    "/api/custody",
    "/api/bench",
    "/api/holdings",
    "/api/cash",
    "/api/refunds",
    "/api/stock",
    "/api/findings",
];

#[tokio::test]
async fn c_265_an_auditor_reads_everything_and_writes_nothing() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let (order, etag) = company.order(&clerk, "no power").await;
    // Other roles do not help: who checks does not do.
    let roles = [Role::Auditor, Role::Clerk, Role::Supervisor, Role::Administrator];
    let auditor = company.person("auditor", &roles).await;
    for path in READ {
        assert_eq!(company.get(&auditor, path).await.status, StatusCode::OK, "{path}");
    }
    let detail = company.get(&auditor, &format!("/api/orders/{order}")).await.ok();
    assert_eq!(detail["commands"], json!([]), "nothing is offered that would be refused");
    let writes = [
        company.post(&auditor, "/api/orders", &call("x")).await,
        company.command(&auditor, &order, &etag, &json!({"command": "note", "text": "x"})).await,
        company.post(&auditor, "/api/people", &json!({})).await,
        company.post(&auditor, &format!("/api/people/{}", clerk.id), &json!({"active": false})).await,
        company.post(&auditor, "/api/devices/codes", &json!({})).await,
        company.post(&auditor, &format!("/api/devices/{}/revoke", "00".repeat(16)), &json!({})).await,
    ];
    for answer in writes {
        assert_eq!(answer.code(), (403, "not_permitted"), "{}", answer.body);
    }
    assert_eq!(company.get(&clerk, &format!("/api/orders/{order}")).await.etag(), etag, "nothing was written");
}

#[tokio::test]
async fn a_technician_may_not_read_the_office() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let (order, etag) = company.order(&clerk, "no power").await;
    let technician = company.person("technician", &[Role::Technician]).await;
    for path in READ.iter().copied().chain(["/api/events", &format!("/api/orders/{order}")]) {
        assert_eq!(company.get(&technician, path).await.code(), (403, "not_permitted"), "{path}");
    }
    let note = company.command(&technician, &order, &etag, &json!({"command": "note", "text": "x"})).await;
    assert_eq!(note.code(), (403, "not_permitted"));
    assert_eq!(company.get(&technician, "/api/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn each_role_does_its_own_work_only() {
    let company = Company::new();
    let clerk = company.person("clerk", &[Role::Clerk]).await;
    let technician = company.person("technician", &[Role::Technician]).await;
    let administrator = company.person("administrator", &[Role::Administrator]).await;
    let (order, etag) = company.order(&clerk, "no power").await;
    let assign = json!({"command": "assign", "technician": technician.id.to_string(), "reason": "near"});
    assert_eq!(company.command(&clerk, &order, &etag, &assign).await.code(), (403, "not_permitted"));
    assert_eq!(company.command(&administrator, &order, &etag, &assign).await.code(), (403, "not_permitted"));
    assert_eq!(company.post(&administrator, "/api/orders", &call("x")).await.code(), (403, "not_permitted"));
    assert_eq!(company.post(&clerk, "/api/people", &json!({})).await.code(), (403, "not_permitted"));
    assert_eq!(company.post(&clerk, "/api/devices/codes", &json!({})).await.code(), (403, "not_permitted"));
}

#[tokio::test]
async fn an_administrator_enters_people_who_can_log_in() {
    let company = Company::new();
    let administrator = company.person("administrator", &[Role::Administrator]).await;
    let body = json!({"login": "Li.Na", "name": "李娜", "roles": ["technician", "clerk"], "skills": ["boiler"],
        "password": "one more secret"});
    let answer = company.post(&administrator, "/api/people", &body).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let id = answer.ok()["id"].as_str().unwrap().to_owned();
    let again = company.post(&administrator, "/api/people", &body).await;
    assert_eq!((again.code(), &again.body["field"]), ((409, "login_taken"), &json!("login")));
    let login = post("/api/login", &json!({"login": "li.na", "password": "one more secret"}), &[]);
    assert_eq!(company.send(login).await.ok()["person"], id);
    let people = company.get(&administrator, "/api/people").await.ok();
    assert_eq!(people["items"][1]["login"], "li.na");
    let technicians = company.get(&administrator, "/api/technicians").await.ok();
    assert_eq!(
        technicians["items"],
        json!([
            {"id": id, "name": "李娜", "skills": ["boiler"], "active": true, "devices": []}
        ])
    );
    let record = docket_sync_core::ids::RecordId(id.parse::<PersonId>().unwrap().0);
    let known = crate::commit::Tables::reference(company.office.store.as_ref(), record).unwrap().unwrap();
    assert_eq!(
        known.content.kind().map(docket_sync_core::reference::ReferenceKind::code),
        Some("person"),
        "devices learn his name"
    );
}

#[tokio::test]
async fn a_wrong_field_of_a_person_is_named() {
    let company = Company::new();
    let administrator = company.person("administrator", &[Role::Administrator]).await;
    let good = json!({"login": "li", "name": "Li", "roles": ["clerk"], "password": "one more secret"});
    let cases = [
        ("login", json!(""), "missing_field"),
        ("name", json!(" "), "missing_field"),
        ("login", json!("two words"), "invalid_login"),
        ("roles", json!([]), "missing_role"),
        ("roles", json!(["boss"]), "invalid_field"),
        ("password", json!("short"), "password_too_short"),
        ("password", json!(null), "missing_field"),
        ("language", json!("fr"), "invalid_field"),
    ];
    for (field, value, code) in cases {
        let mut body = good.clone();
        body[field] = value;
        let answer = company.post(&administrator, "/api/people", &body).await;
        assert_eq!((answer.code(), &answer.body["field"]), ((422, code), &json!(field)), "{body}");
    }
}

#[tokio::test]
async fn a_code_enrols_only_technicians_and_a_revoked_device_stays_revoked() {
    let company = Company::new();
    let administrator = company.person("administrator", &[Role::Administrator]).await;
    let technician = company.person("technician", &[Role::Technician]).await;
    let refused =
        company.post(&administrator, "/api/devices/codes", &json!({"person": administrator.id.to_string()})).await;
    assert_eq!((refused.code(), &refused.body["field"]), ((422, "not_a_technician"), &json!("person")));
    let code =
        company.post(&administrator, "/api/devices/codes", &json!({"person": technician.id.to_string()})).await.ok();
    assert_eq!(code["code"].as_str().unwrap().len(), 32);
    assert_eq!(code["expires_at"], NOW.0 + 15 * 60_000);

    let (device, person) = (docket_sync_core::ids::DeviceId([9; 16]), technician.id);
    let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]).verifying_key().to_bytes();
    company.office.committer.run(move |writer| writer.enrol(device, key, person)).await.unwrap();
    let path = format!("/api/devices/{device}/revoke");
    let silent = company.post(&administrator, &path, &json!({"reason": " "})).await;
    assert_eq!((silent.code(), &silent.body["field"]), ((422, "missing_field"), &json!("reason")));
    assert_eq!(company.post(&administrator, &path, &json!({"reason": "lost"})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(company.post(&administrator, &path, &json!({"reason": "lost"})).await.code(), (409, "already_done"));
    let devices = company.get(&administrator, "/api/devices").await.ok();
    assert_eq!(devices["items"][0]["revoked"], true);
    assert_eq!(devices["items"][0]["person"]["name"], "technician");
    let unknown = company.post(&administrator, "/api/devices/none/revoke", &json!({"reason": "x"})).await;
    assert_eq!(unknown.code(), (404, "not_found"));
}

#[tokio::test]
async fn an_administrator_changes_what_people_may_do_and_whether_they_work_here() {
    let company = Company::new();
    let administrator = company.person("administrator", &[Role::Administrator]).await;
    let li = company.person("li", &[Role::Clerk]).await;
    let path = |person: &Person| format!("/api/people/{}", person.id);
    assert_eq!(
        company.post(&li, &path(&li), &json!({"roles": ["administrator"]})).await.code(),
        (403, "not_permitted")
    );
    let changed = company.post(&administrator, &path(&li), &json!({"roles": ["dispatcher", "technician"]})).await.ok();
    assert_eq!((&changed["roles"], &changed["active"]), (&json!(["dispatcher", "technician"]), &json!(true)));
    assert_eq!(changed["skills"], json!(["air"]), "what is not named stays");
    assert_eq!(company.get(&li, "/api/me").await.ok()["roles"], changed["roles"], "at once, in the same session");
    // Who left is out, and stays out of the rotation.
    company.post(&administrator, &path(&li), &json!({"active": false})).await.ok();
    assert_eq!(company.get(&li, "/api/me").await.code(), (401, "not_logged_in"));
    let log_in = |password: &str| post("/api/login", &json!({"login": "li", "password": password}), &[]);
    assert_eq!(company.send(log_in(PASSWORD)).await.code(), (401, "wrong_login"));
    let people = company.get(&administrator, "/api/people").await.ok();
    assert_eq!((&people["items"][1]["login"], &people["items"][1]["active"]), (&json!("li"), &json!(false)));
    let at_devices = docket_sync_core::reference::person_record(li.id);
    let known = crate::commit::Tables::reference(company.office.store.as_ref(), at_devices).unwrap().unwrap();
    let docket_sync_core::reference::Reference::Person(known) = known.content else { panic!("no person") };
    assert!(!known.active, "devices learn that he left");
    // He comes back with another password; his old session stays ended.
    let back = json!({"active": true, "password": "one more secret"});
    assert_eq!(company.post(&administrator, &path(&li), &back).await.ok()["active"], true);
    assert_eq!(company.get(&li, "/api/me").await.code(), (401, "not_logged_in"));
    assert_eq!(company.send(log_in(PASSWORD)).await.code(), (401, "wrong_login"));
    assert_eq!(company.send(log_in("one more secret")).await.status, StatusCode::OK);
    for (body, field, code) in [
        (json!({"roles": []}), "roles", "missing_role"),
        (json!({"roles": ["king"]}), "roles", "invalid_field"),
        (json!({"skills": [" "]}), "skills", "invalid_skills"),
        (json!({"password": "short"}), "password", "password_too_short"),
    ] {
        let answer = company.post(&administrator, &path(&li), &body).await;
        assert_eq!((answer.code(), &answer.body["field"]), ((422, code), &json!(field)), "{body}");
    }
    let nobody = format!("/api/people/{}", "00".repeat(16));
    for body in [json!({"active": false}), json!({"password": "one more secret"})] {
        assert_eq!(company.post(&administrator, &nobody, &body).await.code(), (404, "not_found"));
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let company = Company::new();
    let one = company.person("one", &[Role::Administrator]).await;
    let other = company.person("other", &[Role::Administrator]).await;
    let path = |person: &Person| format!("/api/people/{}", person.id);
    company.post(&one, &path(&other), &json!({"active": false})).await.ok();
    for (body, field) in [(json!({"active": false}), "active"), (json!({"roles": ["clerk"]}), "roles")] {
        let answer = company.post(&one, &path(&one), &body).await;
        assert_eq!((answer.code(), &answer.body["field"]), ((422, "last_administrator"), &json!(field)));
    }
    company.post(&one, &path(&other), &json!({"active": true})).await.ok();
    company.post(&one, &path(&one), &json!({"roles": ["clerk"]})).await.ok();
    assert_eq!(
        company.post(&one, &path(&one), &json!({"roles": ["administrator"]})).await.code(),
        (403, "not_permitted")
    );
}
