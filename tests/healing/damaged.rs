//! An order that the office holds and cannot read holds up no other, and is named.

use docket_harness::world::Trouble;
use docket_server::store::{Store as _, Table};

use super::stage::{Notes as _, Stage, notes};

#[tokio::test]
async fn one_bad_order_at_the_office_harms_no_other_and_is_named() -> Result<(), Trouble> {
    for (seed, table) in [(61, Table::DocumentMeta), (62, Table::Document)] {
        let mut stage = Stage::new(seed).await?;
        let other = stage.world.order("好的单").await?;
        stage.world.assign(other, stage.li.person).await?;
        stage.settle().await?;
        let one = stage.one;
        // What was quiet is in its save; the writer reads it anew after a start.
        let mut good = None;
        let Stage { world, li, zhang, two, later, .. } = stage;
        let world = world.restarted(|store| {
            let mut batch = docket_server::store::Batch::new();
            if let Some(bytes) = store.get(table, &one.0)? {
                batch.put(table, one.0, vec![0xff; 40]);
                store.apply(&batch)?;
                store.flush()?;
                good = Some(bytes);
            }
            Ok(())
        })?;
        let mut stage = Stage { world, li, zhang, one, two, later };
        let Some(good) = good else { continue };
        stage.li.note(one, "坏单上的话")?;
        stage.li.note(other, "好单上的话")?;
        let _unequal = stage.world.sync(&mut stage.li).await?;
        assert_eq!(notes(&*stage.world.view(other).await?), ["好单上的话"], "{table:?}: the other order is served");
        let status = stage.li.client.status();
        assert_eq!(status.damaged_there, [one], "{table:?}: it is named");
        assert_eq!(status.pending.map(|pending| pending.count), Some(1), "{table:?}: nothing is lost");
        assert!(status.refused.is_empty() && stage.quarantine()?.is_empty(), "{table:?}");
        // Mended, it takes what had waited.
        let Stage { world, li, zhang, two, later, .. } = stage;
        let world = world.restarted(|store| {
            let mut batch = docket_server::store::Batch::new();
            batch.put(table, one.0, good.clone());
            store.apply(&batch)?;
            Ok(store.flush()?)
        })?;
        let mut stage = Stage { world, li, zhang, one, two, later };
        stage.settle().await?;
        assert_eq!(notes(&*stage.world.view(one).await?), ["坏单上的话"], "{table:?}");
        assert!(stage.li.client.status().damaged_there.is_empty());
    }
    Ok(())
}
