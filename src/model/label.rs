//! Enumerations whose values have a fixed label in every output, e.g. `in-sync`.
//!
//! The labels are part of the tool's interface (ledgers, `report.json`, `--help`). `strum` derives them from the
//! variants' names; counters and tables are built from them.

use std::str::FromStr;

use rayon::iter::{FromParallelIterator, IntoParallelIterator, ParallelIterator as _};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// An enumeration with a fixed label for each value, in a fixed order.
pub trait Label: Copy + Eq + Into<&'static str> + FromStr + strum::VariantArray + 'static {
    /// All values, in output order.
    const ALL: &'static [Self] = Self::VARIANTS;

    /// The label of the value in every output.
    #[must_use]
    fn label(self) -> &'static str {
        self.into()
    }

    /// The position of the value in [`Label::ALL`].
    #[must_use]
    fn index(self) -> usize {
        Self::ALL.iter().position(|&value| value == self).unwrap_or_default()
    }

    /// The value with a label; `None` if there is none.
    #[must_use]
    fn parse(label: &str) -> Option<Self> {
        label.parse().ok()
    }
}

impl<T: Copy + Eq + Into<&'static str> + FromStr + strum::VariantArray + 'static> Label for T {}

/// Number of records per value of a [`Label`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<W> {
    counts: Vec<u64>,
    word: std::marker::PhantomData<W>,
}

impl<W: Label> Default for Tally<W> {
    fn default() -> Self {
        Self { counts: vec![0; W::ALL.len()], word: std::marker::PhantomData }
    }
}

impl<W: Label> Tally<W> {
    /// Counts the values of a column.
    #[must_use]
    pub fn count(values: impl IntoIterator<Item = W>) -> Self {
        let mut tally = Self::default();
        for value in values {
            tally.add(value);
        }
        tally
    }

    /// Counts one record.
    pub fn add(&mut self, value: W) {
        self.counts[value.index()] += 1;
    }

    /// Overwrites a count.
    pub(crate) fn set(&mut self, value: W, count: u64) {
        self.counts[value.index()] = count;
    }

    /// The number of records with this value.
    #[must_use]
    pub fn get(&self, value: W) -> u64 {
        self.counts[value.index()]
    }

    /// The number of all records.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Each value with its count, including zeros, in the fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (W, u64)> + '_ {
        W::ALL.iter().map(|&value| (value, self.get(value)))
    }

    /// The values with at least one record.
    pub fn present(&self) -> impl Iterator<Item = (W, u64)> + '_ {
        self.iter().filter(|&(_, count)| count > 0)
    }
}

/// Counts the values of a column in parallel.
impl<W: Label + Send> FromParallelIterator<W> for Tally<W> {
    fn from_par_iter<I: IntoParallelIterator<Item = W>>(values: I) -> Self {
        let counted = values.into_par_iter().fold(Self::default, |mut tally, value| {
            tally.add(value);
            tally
        });
        counted.reduce(Self::default, |mut one, other| {
            one.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
            one
        })
    }
}

impl<W: Label> Serialize for Tally<W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(W::ALL.len()))?;
        for (value, count) in self.iter() {
            map.serialize_entry(value.label(), &count)?;
        }
        map.end()
    }
}

impl<'de, W: Label> Deserialize<'de> for Tally<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let counts = std::collections::BTreeMap::<String, u64>::deserialize(deserializer)?;
        let mut tally = Self::default();
        for (word, count) in counts {
            let value =
                W::parse(&word).ok_or_else(|| D::Error::custom(format!("`{word}` is not a value that is counted")))?;
            tally.set(value, count);
        }
        Ok(tally)
    }
}

impl<W: Label> schemars::JsonSchema for Tally<W> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        std::any::type_name::<W>().rsplit("::").next().unwrap_or("Word").to_owned().into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words: Vec<&str> = W::ALL.iter().map(|value| value.label()).collect();
        let properties: serde_json::Map<String, serde_json::Value> =
            words.iter().map(|&word| (word.to_owned(), serde_json::json!({"type": "integer", "minimum": 0}))).collect();
        schemars::json_schema!({
            "type": "object",
            "description": "the number of records that take each value",
            "properties": properties,
            "required": words,
        })
    }
}
