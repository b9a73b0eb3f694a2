//! What a technician and his customer do with a device, offline: a whole visit in one line of a story.

use docket_client::client::{Executed, Shown};
use docket_client::signing::Consent;
use docket_sync_core::commands::Command;
use docket_sync_core::facts::values::{
    Channel, CustomerPerson, Line, LineKind, Money, Opinion, OpinionGrade, UnfinishedReason, VisitRef, Window,
};
use docket_sync_core::ids::{DocumentId, FactId};
use docket_sync_core::lifecycle::facets::WarrantyFacet;
use docket_sync_core::reference::Language;
use docket_sync_core::time::MINUTE;
use docket_sync_core::voucher::strokes::{Drawing, DrawnPoint, Strokes};

use super::{Device, Trouble};

/// Half an hour of work for 60 yuan.
#[must_use]
pub fn labour() -> Line {
    Line {
        kind: LineKind::Labour,
        name: "工时".to_owned(),
        quantity: 500,
        unit: "h".to_owned(),
        amount: Some(yuan(6_000)),
        code: None,
        serial: None,
        source: None,
        result: None,
        blob: None,
        entry: None,
        usable_from: None,
    }
}

/// `quantity` thousandths of a part for `minor` fen together.
#[must_use]
pub fn part(name: &str, quantity: i64, minor: i64) -> Line {
    Line {
        kind: LineKind::Part,
        name: name.to_owned(),
        quantity,
        unit: "pcs".to_owned(),
        amount: Some(yuan(minor)),
        ..labour()
    }
}

/// An amount in fen.
#[must_use]
pub fn yuan(minor: i64) -> Money {
    Money { minor, currency: "CNY".to_owned() }
}

/// The customer's person with whom something was agreed.
#[must_use]
pub fn customer(channel: Channel) -> CustomerPerson {
    CustomerPerson { name: "陈静".to_owned(), relation: "本人".to_owned(), channel }
}

/// A signature with a drawing of three points.
///
/// # Errors
/// Never: the drawing is good.
pub fn consent() -> Result<Consent, Trouble> {
    let point = |x: f64| DrawnPoint { x, y: 20.0 + x / 7.0, t: x, pressure: 0.5 };
    let drawing = Drawing { width: 300.0, height: 100.0, strokes: vec![vec![point(3.0), point(55.0), point(120.0)]] };
    Ok(Consent {
        strokes: Strokes::from_drawing(&drawing)?,
        name: "陈静".to_owned(),
        relation: "本人".to_owned(),
        opinion: Opinion { grade: OpinionGrade::Satisfied, text: Some("师傅很专业".to_owned()) },
    })
}

impl Device {
    /// The order as this device shows it.
    ///
    /// # Errors
    /// When it is not here.
    pub fn show(&self, order: DocumentId) -> Result<Shown, Trouble> {
        Ok(self.client.show(order)?)
    }

    /// One command on the order as it shows now; two minutes pass.
    ///
    /// # Errors
    /// When the command is refused.
    pub fn act(&mut self, order: DocumentId, command: &Command) -> Result<Executed, Trouble> {
        let shown = self.show(order)?;
        let executed = self.client.execute(&shown, command).map_err(|error| format!("{command:?}: {error}"))?;
        self.clock.pass(2 * MINUTE);
        Ok(executed)
    }

    /// His visit.
    ///
    /// # Errors
    /// When there is none.
    pub fn visit(&self, order: DocumentId) -> Result<VisitRef, Trouble> {
        Ok(self.show(order)?.visit_of(self.person).ok_or("a visit")?.id.reference())
    }

    /// Accepts and sets out.
    ///
    /// # Errors
    /// When a command is refused.
    pub fn set_out(&mut self, order: DocumentId) -> Result<(), Trouble> {
        self.act(order, &Command::Accept)?;
        self.act(order, &Command::Depart).map(drop)
    }

    /// Accepts, drives, arrives.
    ///
    /// # Errors
    /// When a command is refused.
    pub fn arrive(&mut self, order: DocumentId) -> Result<VisitRef, Trouble> {
        self.set_out(order)?;
        let visit = self.visit(order)?;
        self.act(order, &Command::Arrive { visit: Some(visit), place: None })?;
        Ok(visit)
    }

    /// All of it until the work has begun.
    ///
    /// # Errors
    /// When a command is refused.
    pub fn begin(&mut self, order: DocumentId) -> Result<VisitRef, Trouble> {
        let visit = self.arrive(order)?;
        self.act(order, &Command::Start { visit })?;
        Ok(visit)
    }

    /// A line on a visit.
    ///
    /// # Errors
    /// When the command is refused.
    pub fn record(&mut self, order: DocumentId, visit: VisitRef, line: Line) -> Result<FactId, Trouble> {
        Ok(self.act(order, &Command::RecordLine { visit, line })?.fact)
    }

    /// The visit is done.
    ///
    /// # Errors
    /// When the command is refused.
    pub fn done(&mut self, order: DocumentId, visit: VisitRef) -> Result<FactId, Trouble> {
        Ok(self.act(order, &Command::Done { visit, finding: Some("更换电容".to_owned()) })?.fact)
    }

    /// A whole visit: seven facts from accepting to DONE, with half an hour of work on it.
    ///
    /// # Errors
    /// When a command is refused.
    pub fn work(&mut self, order: DocumentId) -> Result<VisitRef, Trouble> {
        let visit = self.begin(order)?;
        // C-020: what is free has no price.
        let free =
            matches!(self.show(order)?.view.facets.warranty, Some(WarrantyFacet::Free | WarrantyFacet::Internal));
        let hours = if free { Line { amount: None, ..labour() } } else { labour() };
        self.record(order, visit, hours)?;
        self.done(order, visit)?;
        Ok(visit)
    }

    /// The visit ends unfinished, with the next one agreed.
    ///
    /// # Errors
    /// When the command is refused.
    pub fn unfinished(&mut self, order: DocumentId, visit: VisitRef, next: Window) -> Result<FactId, Trouble> {
        let command = Command::Unfinished {
            visit,
            reason: UnfinishedReason::Parts,
            text: Some("缺压缩机".to_owned()),
            next: Some(next),
            customer: Some(customer(Channel::OnSite)),
        };
        Ok(self.act(order, &command)?.fact)
    }

    /// The customer reads the voucher and signs it.
    ///
    /// # Errors
    /// When it is not offered.
    pub fn sign(&mut self, order: DocumentId) -> Result<FactId, Trouble> {
        let shown = self.show(order)?;
        let voucher = self.client.voucher(&shown, Language::Zh)?;
        let signed = self.client.sign(&shown, &voucher, consent()?)?;
        self.clock.pass(2 * MINUTE);
        Ok(signed.fact)
    }
}
