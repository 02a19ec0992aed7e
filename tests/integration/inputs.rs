//! The inputs of a run on disk, to be spoilt by a test.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::world::World;
use crate::world::dialect::Dialect;

/// A run's folder: the export, the snapshot and the configuration of a world.
pub(crate) struct Inputs {
    pub(crate) folder: tempfile::TempDir,
}

impl Inputs {
    pub(crate) fn new(world: &World, dialect: &Dialect) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        world.write(folder.path(), dialect);
        Self { folder }
    }

    pub(crate) fn from_world(world: &World) -> Self {
        Self::new(world, &Dialect::default())
    }

    /// A world in sync, whose snapshot was saved by hand.
    pub(crate) fn saved_by_hand(learners: usize) -> Self {
        let mut world = World::in_sync(5, learners);
        world.save_by_hand();
        Self::from_world(&world)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file")
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("UTF-8")
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("a writable file");
    }

    pub(crate) fn edit(&self, name: &str, edit: impl FnOnce(String) -> String) {
        self.write(name, edit(self.text(name)));
    }

    /// Writes a snapshot file's digest anew into the manifest, and another count of its rows where one is given.
    pub(crate) fn seal(&self, file: &str, counted: Option<usize>) {
        let sha256: String =
            Sha256::digest(self.read(&in_snapshot(file))).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut manifest: serde_json::Value =
            serde_json::from_str(&self.text(&in_snapshot("manifest.json"))).expect("JSON");
        let objects = manifest["objects"].as_array_mut().expect("objects");
        let entry = objects.iter_mut().find(|entry| entry["file"] == file).expect("an entry");
        entry["sha256"] = sha256.into();
        if let Some(counted) = counted {
            entry["counted"] = counted.into();
        }
        self.write(&in_snapshot("manifest.json"), manifest.to_string());
    }
}

fn in_snapshot(file: &str) -> String {
    format!("snapshot/{file}")
}
