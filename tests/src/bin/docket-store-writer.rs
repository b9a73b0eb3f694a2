//! Writes batches into a real store as fast as they become durable, and says which are: for tests that cut the
//! power. Reads them back in a second call.
//!
//! Without its barrier (`--without-barrier`) a sync of the journal says that all is well and does nothing: what a
//! store would be that trusts the page cache. A test that cannot tell the two apart tests nothing.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use docket_server::platform::Platform;
use docket_server::store::disk::{Disk, DiskFile, RealDisk};
use docket_server::store::journaled::{JournaledOptions, SledHome};
use docket_server::store::{Batch, JournaledStore, KeyRange, Order, SledOptions, SledStore, Store, Table};

/// Bytes of the values of a batch, in turn: small ones, one that sled cuts into pieces, a page of many.
const SIZES: [usize; 5] = [300, 300, 16_000, 300, 60_000];

/// Writes numbered batches into a store, or reads them back.
#[derive(Debug, Parser)]
#[command(name = "docket-store-writer", after_help = "Example: docket-store-writer --store /mnt/disk/store --boot 1")]
struct Arguments {
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// Name of this start of the machine: another one after each power cut.
    #[arg(long)]
    boot: String,
    /// Syncs of the journal do nothing.
    #[arg(long)]
    without_barrier: bool,
    /// Reads, and says up to which number every batch is there whole.
    #[arg(long)]
    read: bool,
}

type Trouble = Box<dyn core::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = open(&arguments).and_then(|store| if arguments.read { read(&store) } else { write(&store) });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn open(arguments: &Arguments) -> Result<JournaledStore<SledStore>, Trouble> {
    let sled = SledOptions { cache_bytes: 32 * 1024 * 1024, reserve_bytes: 16 * 1024 * 1024 };
    let mut options = JournaledOptions::of_system(&Platform::system(), sled.reserve_bytes);
    options.boot.clone_from(&arguments.boot);
    std::fs::create_dir_all(&arguments.store)?;
    let real = RealDisk::new(&arguments.store);
    let disk: Arc<dyn Disk> = if arguments.without_barrier { Arc::new(NoBarrier(real)) } else { Arc::new(real) };
    let home = SledHome { folder: arguments.store.clone(), options: sled };
    Ok(JournaledStore::open_on(disk, &home, options)?)
}

fn write(store: &JournaledStore<SledStore>) -> Result<(), Trouble> {
    let mut output = io::stdout().lock();
    writeln!(output, "ready")?;
    for number in last(store)?.saturating_add(1).. {
        let mut batch = Batch::new();
        for (part, size) in parts(number) {
            batch.put(part, number.to_be_bytes(), value(number, part, size));
        }
        store.apply(&batch)?;
        store.flush()?;
        writeln!(output, "durable {number}")?;
        output.flush()?;
    }
    Ok(())
}

/// Every batch up to the last must be there, whole.
fn read(store: &JournaledStore<SledStore>) -> Result<(), Trouble> {
    let last = last(store)?;
    for number in 1..=last {
        for (part, size) in parts(number) {
            let found = store.get(part, &number.to_be_bytes())?;
            if found.as_deref() != Some(value(number, part, size).as_slice()) {
                return Err(format!("batch {number} of {last} is not whole: {} differs", part.name()).into());
            }
        }
    }
    println!("whole {last}");
    Ok(())
}

/// The greatest number of any part, so that a torn batch shows.
fn last(store: &JournaledStore<SledStore>) -> Result<u64, Trouble> {
    let mut last = 0;
    for table in [Table::Log, Table::Document, Table::View] {
        for (key, _) in store.scan(table, &KeyRange::all(), 1, Order::Reverse)? {
            last = last.max(u64::from_be_bytes(key.as_slice().try_into()?));
        }
    }
    Ok(last)
}

/// Tables of a batch, with the size of each value.
fn parts(number: u64) -> impl Iterator<Item = (Table, usize)> {
    let turn = usize::try_from(number).unwrap_or(0);
    [Table::Log, Table::Document, Table::View].into_iter().enumerate().map(move |(index, table)| {
        let size = turn.saturating_add(index).checked_rem(SIZES.len()).and_then(|at| SIZES.get(at)).copied();
        (table, size.unwrap_or(300))
    })
}

/// Bytes that nothing packs and that only this batch has here.
fn value(number: u64, table: Table, size: usize) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&number.to_be_bytes()).update(&[table.number()]);
    let mut bytes = vec![0; size];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// The file system without what makes it durable.
#[derive(Debug)]
struct NoBarrier(RealDisk);

#[derive(Debug)]
struct NoBarrierFile(Box<dyn DiskFile>);

impl Disk for NoBarrier {
    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(NoBarrierFile(self.0.create(path)?)))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(NoBarrierFile(self.0.open(path)?)))
    }

    fn open_to_read(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(NoBarrierFile(self.0.open_to_read(path)?)))
    }

    fn make_folder(&self, path: &str) -> io::Result<()> {
        self.0.make_folder(path)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.0.list(folder)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.0.remove(path)
    }

    fn sync_folder(&self, _folder: &str) -> io::Result<()> {
        Ok(())
    }

    fn free_space(&self) -> io::Result<u64> {
        self.0.free_space()
    }

    fn full_path(&self, path: &str) -> String {
        self.0.full_path(path)
    }
}

impl DiskFile for NoBarrierFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
}
