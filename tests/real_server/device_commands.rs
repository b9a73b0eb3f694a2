//! The commands by which a technician states more than the normal path, each run once as he would type it: his
//! device's program, against a real server process; and the office's page on what became of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use docket_harness::condition::eventually;
use docket_harness::office::{Office, PASSWORD};
use docket_harness::process::binary;
use docket_harness::world::Trouble;
use docket_sync_core::time::{HOUR, UnixMillis};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bundles::scanned::{scanned, scanned_from_terminal};
use crate::http_api::browser::chromium;
use crate::network::setting::{rest, rest_on};

/// How long the browser may take for everything, start included.
const BROWSER: Duration = Duration::from_secs(180);

/// A company with its server, and two technicians' devices.
struct Company {
    office: Office,
    address: SocketAddr,
    cookie: String,
    devices: TempDir,
}

impl Company {
    async fn begin() -> Result<Self, Trouble> {
        let mut office = Office::init("Test company").await?;
        office.add_person("chen", "陈晓梅", &["clerk", "dispatcher", "supervisor"], &[]).await?;
        office.add_person("li", "李师傅", &["technician"], &["gas"]).await?;
        office.add_person("ma", "马师傅", &["technician"], &["lift"]).await?;
        let codes = [("li", office.enrolment_code("li").await?), ("ma", office.enrolment_code("ma").await?)];
        let address = office.serve().await?;
        let given = json!({"login": "chen", "password": PASSWORD});
        let cookie = rest(address, "POST", "/api/login", None, Some(&given)).await?.cookie.ok_or("a cookie")?;
        let company = Self { office, address, cookie, devices: tempfile::tempdir()? };
        for (who, code) in codes {
            company.device(who, &["enrol", "--server", &format!("http://{address}"), "--code", &code])?;
            company.device(who, &["sync"])?;
        }
        Ok(company)
    }

    /// What the device's program prints.
    fn device(&self, who: &str, arguments: &[&str]) -> Result<String, Trouble> {
        let (code, text) = self.device_exits(who, arguments)?;
        if code == Some(0) { Ok(text) } else { Err(format!("{who}: {}: {code:?}: {text}", arguments.join(" ")).into()) }
    }

    fn device_exits(&self, who: &str, arguments: &[&str]) -> Result<(Option<i32>, String), Trouble> {
        let mut command = Command::new(binary("docket-device")?);
        command.args(arguments).args(["--lang", "en", "--data"]).arg(self.devices.path().join(who));
        let output = command.output()?;
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ok((output.status.code(), text))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.devices.path().join(name)
    }

    async fn get(&self, path: &str) -> Result<Value, Trouble> {
        let answer = rest(self.address, "GET", path, Some(&self.cookie), None).await?;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        Ok(answer.body)
    }

    /// A command on the order as it is.
    async fn command(&self, order: &str, body: &Value) -> Result<Value, Trouble> {
        let path = format!("/api/orders/{order}");
        let etag = self.get(&path).await?["etag"].as_str().ok_or("a tag")?.to_owned();
        let path = format!("{path}/commands");
        let answer = rest_on(self.address, "POST", &path, Some(&self.cookie), Some(&etag), Some(body)).await?;
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        Ok(answer.body)
    }

    /// A technician: his person and his device.
    async fn technician(&self, name: &str) -> Result<(String, String), Trouble> {
        let all = self.get("/api/technicians").await?;
        let items = all["items"].as_array().cloned().unwrap_or_default();
        let found = items.iter().find(|item| item["name"] == name).ok_or("a technician")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok((text(&found["id"]), text(&found["devices"][0]["id"])))
    }

    /// An order for Li, with him on site and at work; he was to come by `until`.
    async fn order_at_work(&self, until: UnixMillis) -> Result<(String, String), Trouble> {
        let call = json!({
            "customer": {"name": "志强商务酒店", "phone": "021-5550100"}, "site": {"address": "南京西路 1266 号"},
            "channel": "phone", "class": "chargeable", "urgency": "normal", "problem": "热水器打不着火", "skill": "gas",
        });
        let answer = rest(self.address, "POST", "/api/orders", Some(&self.cookie), Some(&call)).await?;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let (id, serial) =
            (answer.body["id"].as_str().ok_or("an id")?, answer.body["serial"].as_str().ok_or("a serial")?);
        let amount = json!({"minor": 12_000, "currency": "CNY"});
        let window = json!({"from": until.plus(-2 * HOUR).0, "to": until.0});
        self.command(
            id,
            &json!({"command": "confirm", "content": "check the burner", "amount": amount, "window": window}),
        )
        .await?;
        // The rotation sends the only man who has the skill.
        let (li, device) = self.technician("李师傅").await?;
        let path = format!("/api/orders/{id}");
        let his = async || self.get(&path).await.ok().filter(|order| order["technician"]["id"] == li.as_str());
        eventually("the order is Li's", Duration::from_secs(30), his).await?;
        for ledger in ["custody", "cash"] {
            let path = format!("/api/devices/{device}/numbers");
            let block = json!({"ledger": ledger, "count": 20});
            let answer = rest(self.address, "POST", &path, Some(&self.cookie), Some(&block)).await?;
            assert_eq!(answer.status, 201, "{}", answer.body);
        }
        self.device("li", &["sync"])?;
        for step in ["accept", "depart", "arrive", "start"] {
            self.device("li", &[step, serial])?;
        }
        Ok((id.to_owned(), serial.to_owned()))
    }

    async fn kinds(&self, order: &str) -> Result<Vec<String>, Trouble> {
        let order = self.get(&format!("/api/orders/{order}")).await?;
        let timeline = order["timeline"].as_array().cloned().unwrap_or_default();
        Ok(timeline.iter().filter_map(|fact| fact["kind"].as_str().map(str::to_owned)).collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_field_runs_against_a_real_server() -> Result<(), Trouble> {
    let mut company = Company::begin().await?;
    let (order, serial) = company.order_at_work(now()?).await?;
    let li = |arguments: &[&str]| company.device("li", arguments);

    // 1. What can be done, and why not the rest; the form of one of them; a field that is wrong is named.
    let offers = li(&["offers", &serial])?;
    assert!(offers.contains("+ take_custody") && offers.contains("- give_consent"), "{offers}");
    let form = li(&["act", "take_custody"])?;
    assert!(form.contains("goods.name") && form.contains("receipt"), "{form}");
    let (code, refused) = company.device_exits("li", &["act", "hold", &serial, "reason=sunshine"])?;
    assert!(code != Some(0) && refused.contains("reason") && refused.contains("weather"), "{code:?} {refused}");

    // 2. The forms of the order, filled in step by step.
    let forms = li(&["form", &serial])?;
    assert!(forms.contains("[ ] leak_test"), "{forms}");
    li(&["check", &serial, "gas_safety.leak_test", "--result", "ok"])?;
    li(&["check", &serial, "gas_safety.pressure", "--value", "2.1"])?;
    let forms = li(&["form", &serial])?;
    assert!(forms.contains("[x] leak_test") && forms.contains("2.1 kPa"), "{forms}");

    // 3. Goods are taken on a receipt of the device's own numbers; a note is an act like any other.
    let before = li(&["numbers"])?;
    li(&["act", "take_custody", &serial, "goods.name=Control board", "goods.pieces=1", "goods.serial=SN-77"])?;
    assert_ne!(before, li(&["numbers"])?, "a number was given out");
    let held = li(&["held"])?;
    assert!(held.contains("Control board"), "{held}");
    li(&["act", "note", &serial, "text=The board goes to the workshop"])?;

    // The customer signs for what is taken, and again for what he gets back; what nobody drew is no signature.
    let (strokes, blank) = (company.file("strokes.json"), company.file("blank.json"));
    std::fs::write(&strokes, DRAWING)?;
    std::fs::write(&blank, r#"{"width":300,"height":100,"strokes":[]}"#)?;
    let words = |from: &Path| {
        ["--from", &from.display().to_string(), "--name", "王秀英", "--relation", "业主"].map(str::to_owned)
    };
    let countersign = |act: &str, fields: &[&str], from: &Path| {
        let mut arguments = vec!["countersign".to_owned(), act.to_owned(), serial.clone()];
        arguments.extend(fields.iter().map(|field| (*field).to_owned()));
        arguments.extend(words(from));
        company.device_exits("li", &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let before = li(&["numbers"])?;
    let (code, refused) = countersign("take_custody", &["goods.name=Pump", "goods.pieces=1"], &blank)?;
    assert!(code != Some(0) && before == li(&["numbers"])?, "{code:?} {refused}");
    let (code, refused) = countersign("note", &["text=Pump"], &strokes)?;
    assert!(code == Some(2) && refused.contains("take_custody"), "{code:?} {refused}");
    let taken = ["goods.name=Pump", "goods.pieces=2", "goods.serial=SN-78", "goods.condition=scratched"];
    let (code, read) = countersign("take_custody", &taken, &strokes)?;
    let receipt =
        read.split("Receipt ").nth(1).and_then(|rest| rest.split(". ").next()?.split('.').next()).unwrap_or_default();
    assert!(code == Some(0) && receipt.contains('-'), "{read}");
    assert!(read.contains("what we take: Pump, 2 pieces, serial number SN-78, condition scratched"), "{read}");
    let shown: Value = serde_json::from_str(&li(&["show", &serial, "--json"])?)?;
    let of_pump = |fact: &&Value| fact["summary"].as_str().is_some_and(|text| text.contains("Pump"));
    let fact = shown["timeline"].as_array().into_iter().flatten().rfind(of_pump);
    let fact = format!("custody={}", fact.and_then(|fact| fact["fact"].as_str()).ok_or("the fact")?);
    let (code, read) = countersign("return_custody", &[&fact, "receipt=taken_back"], &strokes)?;
    assert!(code == Some(0) && read.contains("what he gets back: Pump") && read.contains(receipt), "{read}");

    // 4. The visit is handed over: drafted here, signed on the other device, stated with the signature.
    let (ma, _) = company.technician("马师傅").await?;
    let (draft, signed) = (company.file("handover.draft"), company.file("handover.signed"));
    let path = |file: &Path| file.display().to_string();
    li(&["draft", "handover_visit", &serial, &format!("to={ma}"), "open=[\"fit the board\"]", "--to", &path(&draft)])?;
    company.device("ma", &["witness", &path(&draft), "--to", &path(&signed)])?;
    let (code, _) = company.device_exits("ma", &["confirm", &path(&draft), "--witness", &path(&signed)])?;
    assert_ne!(code, Some(0), "another device does not state it");
    li(&["confirm", &path(&draft), "--witness", &path(&signed)])?;

    // 5. Next door water comes from the ceiling: repair first, paper after.
    let begun =
        li(&["emergency", "basis=customer_on_site", "problem=water from the ceiling", "contact=Ms. Wang, next door"])?;
    assert!(begun.contains("order"), "{begun}");

    // 6. The office gets all of it, in order, and gives the new order its number.
    li(&["sync"])?;
    let kinds = company.kinds(&order).await?;
    for kind in ["record_line", "take_custody", "add_note", "handover_visit"] {
        assert!(kinds.iter().any(|other| other == kind), "{kind} is not in {kinds:?}");
    }
    assert_eq!(company.get("/api/quarantine").await?["total"], 0, "the gate took everything");
    let orders = company.get("/api/orders").await?;
    assert_eq!(orders["total"], 2, "{orders}");
    let custody = company.get("/api/custody?state=all").await?;
    let said = |goods: &str| {
        let one = custody["items"].as_array()?.iter().find(|one| one["goods"] == goods)?;
        Some((one["countersigned"].as_bool()?, one["stage"].as_str()?.to_owned()))
    };
    assert_eq!(said("Control board"), Some((false, "taken".to_owned())), "{custody}");
    assert_eq!(said("Pump").map(|(signed, _)| signed), Some(true), "{custody}");
    let attachments = company.get(&format!("/api/orders/{order}/attachments")).await?;
    assert_eq!(attachments["items"].as_array().map(Vec::len), Some(0), "a signature is no file: {attachments}");
    let view = company.get(&format!("/api/orders/{order}")).await?;
    assert_eq!(view["reviews"].as_array().map(Vec::len), Some(0), "both signatures verify: {}", view["reviews"]);
    assert!(company.office.stop().await?.success());
    Ok(())
}

/// Appointments lie around the present: the processes have the machine's clock.
fn now() -> Result<UnixMillis, Trouble> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(UnixMillis(i64::try_from(since.as_millis())?))
}

/// What the customer draws.
const DRAWING: &str = r#"{"width":300,"height":100,"strokes":[[{"x":10,"y":10,"t":0},{"x":90,"y":90,"t":120}],[{"x":90,"y":10,"t":300},{"x":10,"y":90,"t":420}]]}"#;

/// A photo that every browser shows: 8 by 8 pixels, black and white.
fn write_photo(path: &Path) -> Result<(), Trouble> {
    let image = image::RgbImage::from_fn(8, 8, |x, y| image::Rgb([if (x + y) % 2 == 0 { 20 } else { 235 }; 3]));
    Ok(image.save_with_format(path, image::ImageFormat::Png)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_does_with_a_devices_order_whatever_an_office_does() -> Result<(), Trouble> {
    // 1. Li works, takes a photo, and the customer signs; everything is sent.
    let mut company = Company::begin().await?;
    let (late, serial) = company.order_at_work(now()?.plus(-HOUR)).await?;
    company.device("li", &["unfinished", &serial, "--reason", "parts", "--text", "he calls when the part is here"])?;
    company.device("li", &["sync"])?;
    let (order, serial) = company.order_at_work(now()?.plus(5 * HOUR)).await?;
    // A new boiler is put in; next door water comes from the ceiling, and the paper is to follow.
    company.device("li", &["act", "swap_unit", &serial, "new_serial=SN-900", "model=JSQ-24"])?;
    company.device("li", &["emergency", "basis=customer_on_site", "problem=water next door", "contact=Ms. Wang"])?;
    let li = |arguments: &[&str]| company.device("li", arguments);
    let photo = company.file("plate.png");
    write_photo(&photo)?;
    li(&["photo", "add", &serial, &photo.display().to_string(), "--name", "Name plate"])?;
    li(&["labour", "add", &serial, "--hours", "1.5", "--amount", "180.00"])?;
    li(&["check", &serial, "gas_safety.leak_test", "--result", "ok"])?;
    li(&["check", &serial, "gas_safety.pressure", "--value", "2.1"])?;
    li(&["done", &serial])?;
    let strokes = company.file("strokes.json");
    std::fs::write(&strokes, DRAWING)?;
    li(&[
        "sign",
        &serial,
        "--from",
        &strokes.display().to_string(),
        "--name",
        "王秀英",
        "--relation",
        "业主",
        "--opinion",
        "satisfied",
    ])?;
    li(&["sync"])?;
    li(&["sync"])?;

    // The code on the customer's copy and on the technician's terminal is read by any camera, and is the same.
    let page = company.file("signed-copy.html");
    let printed = li(&["copy", &serial, "--out", &page.display().to_string()])?;
    let told: Value = serde_json::from_str(&li(&["copy", &serial, "--json"])?)?;
    let code = told["qr"].as_str().ok_or("the code")?;
    assert_eq!(scanned(&[page]).await?, [code]);
    let drawn: Vec<&str> = printed.lines().filter(|line| line.starts_with('\u{2588}')).collect();
    assert_eq!(scanned_from_terminal(&drawn.join("\n"))?, code);

    // 2. The office does the rest in its browser, once what was put in is a record.
    let orders = company.get("/api/orders").await?;
    let all = orders["items"].as_array().cloned().unwrap_or_default();
    let emergency = all.iter().find(|order| order["problem"] == "water next door").ok_or("the emergency")?;
    let emergency = emergency["id"].as_str().ok_or("an id")?;
    let unit = async || company.get("/api/units?q=SN-900").await.ok().filter(|units| units["items"][0].is_object());
    eventually("the new boiler is known", Duration::from_secs(30), unit).await?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let script = tokio::process::Command::new("node")
        .arg("acts.mjs")
        .current_dir(folder)
        .env("DOCKET_URL", format!("http://{}", company.address))
        .env("DOCKET_LOGIN", "chen")
        .env("DOCKET_PASSWORD", PASSWORD)
        .env("DOCKET_ORDER", &order)
        .env("DOCKET_LATE", &late)
        .env("DOCKET_EMERGENCY", emergency)
        .env("DOCKET_FOLDER", company.devices.path())
        .env("CHROMIUM", chromium()?)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(BROWSER, script).await??;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("changed field: customer"), "the copy with one changed letter names its field: {said}");
    assert!(company.office.stop().await?.success());
    Ok(())
}
