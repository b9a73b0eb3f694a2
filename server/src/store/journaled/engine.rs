//! What stands behind a journal, and how it is opened, put aside and made anew.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::journal::Position;
use crate::store::{Batch, MemoryStore, SledOptions, SledStore, Store, StoreError, folder, space};

/// An engine behind a journal: it holds what the frames up to its position wrote.
pub trait Engine: Store {
    /// The frame up to which everything is in it; `None` when it has never been behind a journal.
    fn position(&self) -> Result<Option<Position>, StoreError>;

    /// Applies the writes of `batch` and takes the position, at once. Conditions are not looked at: they held when
    /// the frame was written. Durable after the next [`Store::flush`], whole or not at all.
    fn apply_at(&self, batch: &Batch, position: Position) -> Result<(), StoreError>;
}

impl<E: Engine + ?Sized> Engine for Arc<E> {
    fn position(&self) -> Result<Option<Position>, StoreError> {
        E::position(self)
    }

    fn apply_at(&self, batch: &Batch, position: Position) -> Result<(), StoreError> {
        E::apply_at(self, batch, position)
    }
}

/// Where an engine lives.
pub trait EngineHome: core::fmt::Debug {
    /// The engine.
    type Engine: Engine;

    /// Opens the engine, or makes an empty one.
    fn open(&self) -> Result<Self::Engine, StoreError>;

    /// The store of a program without a journal that lies here, if one does.
    fn open_alone(&self) -> Result<Option<Arc<dyn Store>>, StoreError>;

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
}

/// The engine that was open when the machine stopped: it holds nothing that the journal does not, and gives way.
pub(super) const BEFORE_POWER_LOSS: &str = "sled.before-power-loss";

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

    fn open_alone(&self) -> Result<Option<Arc<dyn Store>>, StoreError> {
        if !self.folder.join("sled").join("db").exists() {
            return Ok(None);
        }
        Ok(Some(Arc::new(SledStore::open_alone(&self.folder, self.options)?)))
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
        };
        std::fs::rename(&from, &to).map_err(folder::io_error("moving aside", &from))?;
        folder::sync(&self.folder)?;
        Ok(Some(to.display().to_string()))
    }
}

impl SledHome {
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

    fn open_alone(&self) -> Result<Option<Arc<dyn Store>>, StoreError> {
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
