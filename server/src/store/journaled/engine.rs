//! What stands behind a journal, and how it is opened, put aside and made anew.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::JournaledOptions;
use super::format;
use super::keeping::{self, Copying};
use crate::store::disk::{Disk as _, RealDisk};
use crate::store::journal::Position;
use crate::store::{Batch, MemoryStore, SledOptions, SledStore, Store, StoreError, folder, space};

/// An engine behind a journal: it holds what the frames up to its position wrote, and while a start gives it later ones,
/// or after a start that was stopped at that, a part of what those wrote.
pub trait Engine: Store {
    /// The frame up to which everything is in it; `None` when it has never been behind a journal.
    fn position(&self) -> Result<Option<Position>, StoreError>;

    /// Applies the writes of `batch` and takes the position, at once. Conditions are not looked at: they held when
    /// the frame was written. Durable after the next [`Store::flush`], whole or not at all.
    fn apply_at(&self, batch: &Batch, position: Position) -> Result<(), StoreError>;

    /// Applies writes of the frames behind the position up to `aim`, one key after the other, and leaves the position:
    /// whoever opens an engine that was stopped meanwhile gives it those frames again. Nobody reads before that.
    fn apply_part(&self, batch: &Batch, aim: Position) -> Result<(), StoreError>;

    /// The frame up to which a part of what follows the position may be in it: the aim of the last
    /// [`Engine::apply_part`], also when the position has passed it.
    fn aim(&self) -> Result<Option<Position>, StoreError>;
}

impl<E: Engine + ?Sized> Engine for Arc<E> {
    fn position(&self) -> Result<Option<Position>, StoreError> {
        E::position(self)
    }

    fn apply_at(&self, batch: &Batch, position: Position) -> Result<(), StoreError> {
        E::apply_at(self, batch, position)
    }

    fn apply_part(&self, batch: &Batch, aim: Position) -> Result<(), StoreError> {
        E::apply_part(self, batch, aim)
    }

    fn aim(&self) -> Result<Option<Position>, StoreError> {
        E::aim(self)
    }
}

/// Where an engine lives.
pub trait EngineHome: core::fmt::Debug {
    /// The engine.
    type Engine: Engine;

    /// Opens the engine, or makes an empty one.
    fn open(&self) -> Result<Self::Engine, StoreError>;

    /// The store of a program without a journal that lies here, if one does, for reading: what lies here is not
    /// changed by it.
    fn open_alone(&self, options: &JournaledOptions) -> Result<Option<Arc<dyn Store>>, StoreError>;

    /// Ends what [`EngineHome::open_alone`] began, when the store it gave is closed.
    fn close_alone(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Gives what lies here another name, durably, and says which; `None` when nothing lies here. Nothing is removed,
    /// but for what `aside` says.
    fn set_aside(&self, aside: &Aside) -> Result<Option<String>, StoreError>;
}

/// Under which name an engine is put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aside {
    /// Under this name and, if it is taken, the next free one.
    Kept(String),
    /// Under this name, in place of what had it before: it is whole by itself and worth nothing twice.
    Replacing(String),
    /// As `sled` in a folder of this name, which is free: the store of format 1 as it was.
    Upgraded(String),
}

/// The engine that was open when the machine stopped: it holds nothing that the journal does not, and gives way.
pub(super) const BEFORE_POWER_LOSS: &str = "sled.before-power-loss";

/// Where the engine of a store of format 1 is copied to be read.
const UPGRADING: &str = "upgrading";

/// A sled folder in the folder of a store. Who uses it holds the lock of that folder.
#[derive(Debug, Clone)]
pub struct SledHome {
    /// Folder of the store.
    pub folder: PathBuf,
    /// How sled is opened.
    pub options: SledOptions,
}

impl EngineHome for SledHome {
    type Engine = SledStore;

    fn open(&self) -> Result<SledStore, StoreError> {
        self.give_way()?;
        SledStore::open_engine(&self.folder, self.options)
    }

    fn open_alone(&self, options: &JournaledOptions) -> Result<Option<Arc<dyn Store>>, StoreError> {
        if !self.folder.join("sled").join("db").exists() {
            return Ok(None);
        }
        // An engine writes to its files when it is opened: a copy is read, so that the old store stays as it is.
        self.copy_alone(options)?;
        Ok(Some(Arc::new(SledStore::open_alone(&self.folder.join(UPGRADING), self.options)?)))
    }

    fn close_alone(&self) -> Result<(), StoreError> {
        let copy = self.folder.join(UPGRADING);
        // A store of this process that was just closed still writes to it in the background.
        folder::wait_until_free(&copy.join("sled").join("db"))?;
        keeping::remove(&RealDisk::new(&self.folder), UPGRADING)
    }

    fn set_aside(&self, aside: &Aside) -> Result<Option<String>, StoreError> {
        let from = self.folder.join("sled");
        if std::fs::symlink_metadata(&from).is_err() {
            return Ok(None);
        }
        // A store of this process that was just closed still writes to it in the background.
        folder::wait_until_free(&from.join("db"))?;
        // A new one is made beside it, about as large.
        let needed = folder::bytes(&from)?.saturating_add(self.options.reserve_bytes);
        let to = match aside {
            Aside::Replacing(name) => {
                let to = self.folder.join(name);
                if to.exists() {
                    std::fs::remove_dir_all(&to).map_err(folder::io_error("removing", &to))?;
                }
                let free = space::free_space(&self.folder)?;
                if free < needed {
                    tracing::warn!(
                        free,
                        needed,
                        "no room for two engines: the old one is removed, the journal has all of it"
                    );
                    std::fs::remove_dir_all(&from).map_err(folder::io_error("removing", &from))?;
                    folder::sync(&self.folder)?;
                    return Ok(None);
                }
                to
            }
            Aside::Kept(name) => {
                let free = space::free_space(&self.folder)?;
                if free < needed {
                    let problem = format!(
                        "its engine has to be made anew beside the old one: that needs {needed} bytes and {free} are \
                         free; make room, or move {} to another disk, and start again",
                        from.display()
                    );
                    return Err(StoreError::Open { path: self.folder.clone(), problem });
                }
                let numbered = (2..1_000_u32).map(|number| self.folder.join(format!("{name}-{number}")));
                let mut names = std::iter::once(self.folder.join(name)).chain(numbered);
                names.find(|to| !to.exists()).unwrap_or_else(|| self.folder.join(name))
            }
            Aside::Upgraded(name) => {
                let free = space::free_space(&self.folder)?;
                if free < needed {
                    return Err(StoreError::NoRoom { path: self.folder.clone(), needed, free });
                }
                let kept = self.folder.join(name);
                RealDisk::new(&self.folder).make_folder(name).map_err(folder::io_error("making the folder", &kept))?;
                std::fs::rename(&from, kept.join("sled")).map_err(folder::io_error("moving aside", &from))?;
                folder::sync(&kept)?;
                folder::sync(&self.folder)?;
                return Ok(Some(kept.display().to_string()));
            }
        };
        std::fs::rename(&from, &to).map_err(folder::io_error("moving aside", &from))?;
        folder::sync(&self.folder)?;
        Ok(Some(to.display().to_string()))
    }
}

impl SledHome {
    /// Copies the engine that lies here into a folder of its own, which is removed by [`EngineHome::close_alone`].
    fn copy_alone(&self, options: &JournaledOptions) -> Result<(), StoreError> {
        self.close_alone()?;
        let disk = RealDisk::new(&self.folder);
        let of = folder::bytes(&self.folder.join("sled"))?;
        // The copy, and the journal that is made of it: at most as large.
        let both = of.saturating_mul(2).saturating_add(options.journal.first_segment_bytes);
        keeping::check_room(&disk, both, options)?;
        let making = |path: &str| disk.make_folder(path).map_err(format::io_error("making the folder", &disk, path));
        making(UPGRADING)?;
        let mut copying = Copying::new(&disk, of, options);
        let mut folders = vec!["sled".to_owned()];
        while let Some(from) = folders.pop() {
            making(&format!("{UPGRADING}/{from}"))?;
            for name in disk.list(&from).map_err(format::io_error("reading", &disk, &from))? {
                let path = format!("{from}/{name}");
                if self.folder.join(&path).is_dir() {
                    folders.push(path);
                } else {
                    copying.file(&path, &format!("{UPGRADING}/{path}"))?;
                }
            }
        }
        Ok(())
    }

    /// Removes what is kept of a power loss when making the engine anew may need its room.
    fn give_way(&self) -> Result<(), StoreError> {
        let old = self.folder.join(BEFORE_POWER_LOSS);
        if !old.exists() {
            return Ok(());
        }
        let needed = folder::bytes(&old)?.saturating_add(self.options.reserve_bytes);
        let free = space::free_space(&self.folder)?;
        if free < needed {
            tracing::warn!(free, needed, "the engine of before the power loss is removed: its room is needed");
            std::fs::remove_dir_all(&old).map_err(folder::io_error("removing", &old))?;
            folder::sync(&self.folder)?;
        }
        Ok(())
    }
}

/// A place in memory for an engine in memory: tests and simulation. Clones are the same place.
#[derive(Debug, Clone, Default)]
pub struct MemoryHome {
    engines: Arc<Mutex<Vec<Arc<MemoryStore>>>>,
}

impl MemoryHome {
    /// The engine that is here now.
    #[must_use]
    pub fn engine(&self) -> Arc<MemoryStore> {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = engines.last() {
            return engine.clone();
        }
        let engine = Arc::new(MemoryStore::new());
        engines.push(engine.clone());
        engine
    }

    /// How many were put aside.
    #[must_use]
    pub fn put_aside(&self) -> usize {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner).len().saturating_sub(1)
    }
}

impl EngineHome for MemoryHome {
    type Engine = Arc<MemoryStore>;

    fn open(&self) -> Result<Arc<MemoryStore>, StoreError> {
        Ok(self.engine())
    }

    fn open_alone(&self, _options: &JournaledOptions) -> Result<Option<Arc<dyn Store>>, StoreError> {
        let engine = self.engine();
        let is_alone = !engine.is_empty() && engine.position()?.is_none();
        Ok(is_alone.then_some(engine))
    }

    fn set_aside(&self, _aside: &Aside) -> Result<Option<String>, StoreError> {
        if self.engine().is_empty() {
            return Ok(None);
        }
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        engines.push(Arc::new(MemoryStore::new()));
        Ok(Some(format!("engine {} in memory", engines.len().saturating_sub(1))))
    }
}
