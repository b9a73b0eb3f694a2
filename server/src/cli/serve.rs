//! `docket serve`: the server of one company.

use std::sync::Arc;

use docket_sync_core::ids::Digest;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, data, say};
use crate::config::{ServeOptions, ServerConfig};
use crate::feed::adapter::Patience;
use crate::listen::tls::grouped;
use crate::listen::{DRAIN, Listener, Transport};
use crate::office::Office;
use crate::platform::Platform;
use crate::scrub::Pace;
use crate::store::JournaledStore;
use crate::telemetry;

pub(super) fn run(options: ServeOptions) -> Result<(), Failure> {
    let config = options.check()?;
    telemetry::install(config.log.format, &config.log.filter)?;
    let keys = data::read_keys(&config.data.folder)?;
    let transport = config.transport()?;
    // The port first: a busy one is said before the store is opened.
    let listener =
        Listener::bind(config.listen.address, transport.clone())?.with_send_buffer(config.listen.send_buffer)?;
    let platform = Platform::system();
    let store = JournaledStore::open(&config.data.store_folder(), config.data.store, &platform)?;
    let (office, thread) = Office::open(Arc::new(store), keys, platform, None)?;
    office.last_backup.follow(&config.data.folder);
    // A record that cannot be read is said at the start, not when the first device comes.
    let _said = office.last_backup.told();
    let attachments = config.data.folder.join(crate::attachments::FOLDER);
    let kept = office.attachments.keep_in(&attachments, config.attachments, &office.platform);
    kept.map_err(|error| Failure::new(format!("opening the attachments in {}: {error}", attachments.display())))?;
    let scrub = match config.data.scrub_bytes {
        0 => None,
        bytes => Some(crate::scrub::start(&office, &config.data.store_folder(), Pace::of(bytes))?),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Who is told that it serves may ask it to end at once.
    let entered = runtime.enter();
    let stop = stop_signal();
    drop(entered);
    announce(&config, &listener, &transport, &office);
    let certificate = match &transport {
        Transport::Tls(identity) => Some(identity.fingerprint()),
        Transport::InsecureHttp => None,
    };
    let served = runtime.block_on(serve(listener, certificate, config.listen.patience, office.clone(), stop));
    office.stop();
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    drop(office);
    let _ended = thread.join();
    let _stopped = scrub.map(std::thread::JoinHandle::join);
    served
}

fn announce(config: &ServerConfig, listener: &Listener, transport: &Transport, office: &Office) {
    say(&format!("Docket serves {} on {}", config.data.folder.display(), listener.url()));
    if let Transport::Tls(identity) = transport {
        say(&format!("TLS certificate fingerprint: {}", grouped(&identity.fingerprint())));
    }
    say(&format!("Store key fingerprint: {}", office.keys.fingerprint()));
}

async fn serve(
    listener: Listener,
    certificate: Option<Digest>,
    patience: Patience,
    office: Arc<Office>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let reactors = crate::app::start_reactors(&office)?;
    let router = crate::app::router_with(office.clone(), certificate, patience);
    let stopping = office.clone();
    listener
        .serve(router, async move {
            stop.await;
            tracing::info!("stopping: no new requests, open ones finish");
            stopping.stop();
        })
        .await?;
    // A live socket is no request any more: the listener does not wait until its device has been told.
    if tokio::time::timeout(DRAIN, office.emptied()).await.is_err() {
        tracing::warn!("connections that did not end in time are cut");
    }
    reactors.finished().await;
    Ok(())
}

/// Ready on Ctrl-C or a termination signal, from this call on.
fn stop_signal() -> impl Future<Output = ()> + Send + 'static {
    let [interrupt, terminate] = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| {
        signal(kind)
            .inspect_err(|error| tracing::warn!(%error, ?kind, "this signal ends the server without draining"))
            .ok()
    });
    async move {
        tokio::select! {
            () = received(interrupt) => {}
            () = received(terminate) => {}
        }
    }
}

async fn received(signal: Option<Signal>) {
    match signal {
        Some(mut signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
