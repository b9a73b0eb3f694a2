//! U-09: what a customer agrees to without drawing on the device: by a one-time code, by hand on paper; what changed
//! since he signed; the seal of a contract (C-084).

use std::sync::Arc;

use docket_client::client::ExecuteError;
use docket_client::other_ways::{Paper, Words};
use docket_client::signing::SigningError;
use docket_harness::world::field::{part, yuan};
use docket_harness::world::{Device, Trouble, World};
use docket_server::intake::register::{NewCall, NewConfirmation, OnFile};
use docket_server::reactor::Runner;
use docket_server::signatures::SignatureCheck;
use docket_server::signatures::codes::IssuedCode;
use docket_sync_core::commands::{Act, Command, Context, decide};
use docket_sync_core::facts::Role;
use docket_sync_core::facts::bodies::{AttachPaper, Invoice};
use docket_sync_core::facts::values::{Blob, Channel, Demand, Opinion, OpinionGrade, ServiceClass, Urgency};
use docket_sync_core::ids::{BlobId, DocumentId, RecordId};
use docket_sync_core::lifecycle::facets::ProofWay;
use docket_sync_core::lifecycle::view::{Coverage, NotBillable, OrderState, SignatureFacet};
use docket_sync_core::policy::ServicePolicy;
use docket_sync_core::reference::{Language, PolicyRecord};
use docket_sync_core::time::{DAY, HOUR};
use docket_sync_core::voucher::{ChangeKind, VerificationCode};

async fn company(seed: u64) -> Result<(World, Device, DocumentId), Trouble> {
    let world = World::new(seed).await?;
    let mut li = world.technician("李师傅").await?;
    let order = world.order("空调不制冷").await?;
    world.assign(order, li.person).await?;
    world.sync(&mut li).await?;
    world.pass(HOUR);
    li.work(order)?;
    Ok((world, li, order))
}

async fn check(world: &World) -> Result<(), Trouble> {
    Ok(Runner::new(world.office.clone(), Arc::new(SignatureCheck)).catch_up().await?)
}

fn words() -> Words {
    let opinion = Opinion { grade: OpinionGrade::Satisfied, text: None };
    Words { name: "陈静".into(), relation: "业主".into(), opinion }
}

async fn issue(world: &World, order: DocumentId, count: u32) -> Result<Vec<IssuedCode>, Trouble> {
    let customer = world.view(order).await?.request.as_ref().ok_or("a request")?.customer;
    let clerk = world.clerk;
    let issue = move |writer: &mut docket_server::commit::Writer| {
        let mut salt = 0_u8;
        writer.issue_customer_codes(customer, count, clerk, &mut || {
            salt += 1;
            [salt; 16]
        })
    };
    Ok(world.office.committer.run(issue).await?)
}

#[tokio::test]
async fn u_09_a_one_time_code_is_checked_without_a_network_and_is_good_once() -> Result<(), Trouble> {
    // 1. The customer got three codes by message; his technician's phone got their checks.
    let (world, mut li, order) = company(71).await?;
    let codes = issue(&world, order, 3).await?;
    world.settle(&mut [&mut li]).await?;

    // 2. In the basement he reads one out. A wrong one, or one of another number, is told at once.
    let shown = li.show(order)?;
    let voucher = li.client.voucher(&shown, Language::Zh)?;
    let mut try_code = |number: u32, code: &str| li.client.sign_by_code(&shown, &voucher, (number, code), words());
    assert!(matches!(try_code(9, &codes[1].code), Err(SigningError::NoCode)));
    assert!(matches!(try_code(2, "AAAA-AAAA-AAAA"), Err(SigningError::WrongCode)));
    assert!(matches!(try_code(1, &codes[1].code), Err(SigningError::WrongCode)));
    let spoken = codes[1].code.to_lowercase().replace('-', " ");
    let done = try_code(2, &spoken)?;
    assert_eq!((done.order.view.signature, done.order.view.coverage), (SignatureFacet::Code, Coverage::Full));
    assert_eq!(done.order.view.billable, world_billable(&done.order.view));

    // 3. The same code signs nothing else, here or elsewhere on this phone.
    let shown = li.show(order)?;
    let visit = li.visit(order)?;
    li.record(order, visit, part("密封圈", 1, 900))?;
    let now = li.show(order)?;
    let voucher = li.client.voucher(&now, Language::Zh)?;
    assert!(matches!(
        li.client.sign_by_code(&now, &voucher, (2, &codes[1].code), words()),
        Err(SigningError::UsedCode)
    ));
    assert_eq!(shown.view.facets.proofs.len(), 1);

    // 4. The office finds that it is the customer's code, over this voucher; what was shown came along.
    world.pass(HOUR);
    world.settle(&mut [&mut li]).await?;
    check(&world).await?;
    let view = world.view(order).await?;
    let proof = &view.facets.proofs[0];
    assert_eq!((proof.way, proof.code), (ProofWay::Code, Some(2)));
    assert_eq!(view.signature, SignatureFacet::SignedPartial);
    let document = proof.document.ok_or("the voucher as shown")?;
    let bytes = docket_server::commit::Tables::get(
        world.office.store.as_ref(),
        docket_server::store::Table::Blob,
        &document.0,
    )?;
    assert!(bytes.is_some());

    // 5. On another order of the same customer, on a colleague's phone that cannot know, the code is used again: the
    //    office says so, and it counts for nothing.
    let customer = view.request.as_ref().ok_or("a request")?.customer;
    let second = again(&world, customer).await?;
    let mut zhou = world.technician("周师傅").await?;
    world.assign(second, zhou.person).await?;
    world.settle(&mut [&mut zhou]).await?;
    zhou.work(second)?;
    let shown = zhou.show(second)?;
    let voucher = zhou.client.voucher(&shown, Language::Zh)?;
    zhou.client.sign_by_code(&shown, &voucher, (2, &codes[1].code), words())?;
    world.settle(&mut [&mut zhou]).await?;
    check(&world).await?;
    assert_eq!(world.view(second).await?.signature, SignatureFacet::Unsigned);
    assert_eq!(world.view(order).await?.signature, SignatureFacet::SignedPartial);
    Ok(())
}

/// Another call of the same customer.
async fn again(world: &World, customer: RecordId) -> Result<DocumentId, Trouble> {
    let clerk = world.clerk;
    let call = NewCall {
        customer: OnFile::Known(customer),
        site: OnFile::New("南京西路 1266 号".to_owned()),
        unit: None,
        channel: Channel::Phone,
        class: ServiceClass::Chargeable,
        urgency: Urgency::Normal,
        problem: "又不制冷".to_owned(),
        skill: None,
        origin: None,
    };
    let register = move |writer: &mut docket_server::commit::Writer| {
        let registered = writer.register_call(clerk, call)?;
        let given = NewConfirmation { content: "检查".to_owned(), window: None, amount: None, in_warranty: false };
        writer.confirm_call(clerk, registered.document, given)?;
        Ok(registered.document)
    };
    Ok(world.office.committer.run(register).await?)
}

fn world_billable(view: &docket_sync_core::lifecycle::view::OrderView) -> std::collections::BTreeMap<String, i64> {
    let mut sums = std::collections::BTreeMap::new();
    for amount in view.lines.iter().filter(|line| line.billable).filter_map(|line| line.charge.as_ref()) {
        *sums.entry(amount.currency.clone()).or_insert(0) += amount.minor;
    }
    sums
}

#[tokio::test]
async fn u_09_a_forged_agreement_by_code_is_found_and_counts_for_nothing() -> Result<(), Trouble> {
    let (world, mut li, order) = company(72).await?;
    let codes = issue(&world, order, 1).await?;
    world.settle(&mut [&mut li]).await?;
    // Whoever has the phone has the check, and states an agreement without the code.
    let shown = li.show(order)?;
    let voucher = li.client.voucher(&shown, Language::Zh)?;
    let mut honest = li.cloned(78)?;
    let agreed = honest.client.sign_by_code(&shown, &voucher, (1, &codes[0].code), words())?;
    let fact = agreed.order.facts.get(agreed.fact).ok_or("the fact")?.clone();
    let docket_sync_core::facts::FactBody::SignByCode(mut body) = fact.body().clone() else {
        return Err("an agreement by code".into());
    };
    body.proof.0[0] ^= 1;
    body.document = None;
    li.act(order, &Command::State(Box::new(Act::new(body))))?;
    world.settle(&mut [&mut li]).await?;
    assert_eq!(world.view(order).await?.signature, SignatureFacet::Code, "until the check has looked at it");
    check(&world).await?;
    world.settle(&mut [&mut li]).await?;
    for view in [world.view(order).await?.as_ref(), &li.show(order)?.view] {
        assert_eq!((view.signature, view.coverage), (SignatureFacet::Unsigned, Coverage::None));
        assert!(view.lines.iter().all(|line| !line.billable && line.held.is_some()));
    }
    // The customer's own code is still good.
    let shown = li.show(order)?;
    let voucher = li.client.voucher(&shown, Language::Zh)?;
    li.client.sign_by_code(&shown, &voucher, (1, &codes[0].code), words())?;
    world.settle(&mut [&mut li]).await?;
    check(&world).await?;
    assert_eq!(world.view(order).await?.signature, SignatureFacet::Code);
    Ok(())
}

#[tokio::test]
async fn u_09_a_paper_signed_by_hand_is_entered_by_the_clerk_the_next_day() -> Result<(), Trouble> {
    // 1. At ten the technician prints the voucher; the customer signs it by hand. He has no signal.
    let (world, mut li, order) = company(73).await?;
    let shown = li.show(order)?;
    let voucher = li.client.voucher(&shown, Language::Zh)?;
    let signed_at = world.now();
    let (printed, page) = li.client.print_voucher(&shown, &voucher)?;
    let code = VerificationCode(voucher.digest());
    assert!(page.contains(&code.short()) && page.contains(&voucher.digest().to_string()));
    assert_eq!(printed.order.view.signature, SignatureFacet::Unsigned, "a print is no signature");

    // 2. The next day the clerk enters the paper with its photo, by the code that is printed on it.
    world.pass(DAY);
    world.settle(&mut [&mut li]).await?;
    let view = world.view(order).await?;
    let print = view.facets.prints.first().ok_or("the print")?;
    assert!(VerificationCode(print.voucher).begins_with(&code.short()));
    let Words { name, relation, opinion } = words();
    let paper = AttachPaper {
        voucher: print.voucher,
        covered: print.covered.clone(),
        covered_digest: print.covered_digest,
        opinion,
        name,
        relation,
        signed_at,
        photo: BlobId([7; 32]),
        printed: Some(print.at.fact.reference()),
    };
    world.act(world.clerk, order, Command::State(Box::new(Act::new(paper)))).await?;
    world.settle(&mut [&mut li]).await?;
    for view in [world.view(order).await?.as_ref(), &li.show(order)?.view] {
        assert_eq!((view.state, view.signature), (OrderState::Completed, SignatureFacet::Paper));
        assert_eq!(view.coverage, Coverage::Full);
        let proof = &view.facets.proofs[0];
        assert_eq!((proof.way, proof.photo), (ProofWay::Paper, Some(BlobId([7; 32]))));
        assert_eq!(proof.document, Some(print.document), "what was printed is kept");
    }

    // 3. A technician may enter it too; a code of another paper names nothing.
    let shown = li.show(order)?;
    let visit = li.visit(order)?;
    li.record(order, visit, part("密封圈", 1, 900))?;
    let now = li.show(order)?;
    let other = Paper { code: "AAAA-AAAA".into(), photo: BlobId([8; 32]), signed_at };
    assert!(matches!(li.client.attach_printed(&now, &other, words()), Err(SigningError::NoPrint)));
    assert_eq!(shown.view.facets.proofs.len(), 1);
    Ok(())
}

#[tokio::test]
async fn u_02_what_changed_since_signing_is_shown_and_what_is_not_covered_says_why_it_is_not_billed()
-> Result<(), Trouble> {
    let (world, mut li, order) = company(74).await?;
    li.sign(order)?;
    let signed = li.client.changed_since_signed(&li.show(order)?)?.ok_or("he signed")?;
    assert_eq!((signed.name.as_str(), signed.changes.len()), ("陈静", 0));
    let visit = li.visit(order)?;
    let added = li.record(order, visit, part("密封圈", 1, 900))?;
    let shown = li.show(order)?;
    let changes = li.client.changed_since_signed(&shown)?.ok_or("he signed")?.changes;
    let kinds: Vec<_> = changes.iter().map(|change| (change.kind, change.path.split('.').next())).collect();
    assert!(
        kinds.contains(&(ChangeKind::Added, Some("line"))) && kinds.contains(&(ChangeKind::Changed, Some("total")))
    );
    let words = changes.iter().map(|change| change.render_text(Language::En)).collect::<Vec<_>>().join("\n");
    assert!(words.contains("密封圈") && words.contains("9.00 CNY") && words.contains('→'), "{words}");
    world.settle(&mut [&mut li]).await?;
    for view in [world.view(order).await?.as_ref(), &li.show(order)?.view] {
        let line = view.lines.iter().find(|line| line.at.fact == added).ok_or("the line")?;
        assert_eq!((line.billable, line.held), (false, Some(NotBillable::OutsideSignature)));
        assert_eq!((view.signature, view.coverage), (SignatureFacet::SignedPartial, Coverage::Partial));
        assert!(view.explanations.iter().any(|why| why.losers.contains(&added)));
        // the invoice excludes it.
        let covered: Vec<_> = view.lines.iter().filter(|line| line.billable).map(|line| line.at.fact).collect();
        let amount = yuan(view.billable.get("CNY").copied().unwrap_or(0));
        let invoice = |lines: Vec<docket_sync_core::ids::FactId>| {
            let lines = lines.iter().map(docket_sync_core::ids::FactId::reference).collect();
            let body = Invoice { number: "F-1".into(), lines, amount: amount.clone(), payer: None };
            decide(view, &Command::State(Box::new(Act::new(body))), &Context::new(world.clerk, &[Role::Accountant]))
        };
        assert!(invoice(covered.clone()).is_ok());
        let with_it = invoice([covered, vec![added]].concat());
        assert_eq!(with_it.map_err(|refusal| (refusal.code, refusal.field)), Err(("nothing_billable", Some("lines"))));
    }
    // He signs again: everything is covered, and nothing has changed since.
    li.sign(order)?;
    let shown = li.show(order)?;
    assert_eq!((shown.view.signature, shown.view.coverage), (SignatureFacet::Signed, Coverage::Full));
    assert!(shown.view.lines.iter().all(|line| line.billable == line.held.is_none()));
    assert_eq!(li.client.changed_since_signed(&shown)?.ok_or("he signed")?.changes, []);
    // Signing once more is not offered.
    let voucher = li.client.voucher(&shown, Language::Zh)?;
    let again = li.client.print_voucher(&shown, &voucher);
    assert!(matches!(again, Err(SigningError::Execute(ExecuteError::Refused(_)))));
    Ok(())
}

#[tokio::test]
async fn c_084_a_seal_that_is_missing_is_filed_with_its_photo() -> Result<(), Trouble> {
    let (world, mut li, order) = company(75).await?;
    let photo = Blob { hash: BlobId([9; 32]), size: 3, media_type: "image/jpeg".into() };
    assert!(matches!(li.client.file_seal(&li.show(order)?, photo.clone()), Err(SigningError::NoSealMissing)));
    // The policy demands a seal on contracts, and this is one.
    let mut policy = ServicePolicy::shipped()?;
    policy.signature.seal_for_contract = true;
    policy.version = 2;
    let record = PolicyRecord { version: 2, json: serde_json::to_vec(&policy)? };
    let publish = move |writer: &mut docket_server::commit::Writer| writer.write_company("Northern Air", record, None);
    world.office.committer.run(publish).await?;
    let class = docket_sync_core::facts::bodies::SetWarranty {
        class: ServiceClass::Contract,
        until: None,
        disputed: false,
        reason: None,
        repeat_of: None,
    };
    world.act(world.clerk, order, Command::State(Box::new(Act::new(class)))).await?;
    world.settle(&mut [&mut li]).await?;
    li.sign(order)?;
    let shown = li.show(order)?;
    assert_eq!(shown.view.signature, SignatureFacet::Signed);
    assert_eq!(shown.view.facets.missing[0].demand, Demand::Seal);
    li.client.file_seal(&shown, photo)?;
    world.settle(&mut [&mut li]).await?;
    for view in [world.view(order).await?.as_ref(), &li.show(order)?.view] {
        assert!(view.facets.missing.is_empty());
        assert_eq!(view.signature, SignatureFacet::Signed);
    }
    Ok(())
}
