//! Enumerations whose values have a fixed word in every output.
//!
//! The word is part of the tool's interface (ledgers, `report.json`, `--help`), so it stands beside
//! the variant, once, and tables and counters are made from it.

use rayon::iter::{FromParallelIterator, IntoParallelIterator, ParallelIterator as _};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// An enumeration with a fixed word for each value, in a fixed order.
pub trait Word: Copy + Eq + 'static {
    /// Every value in the order in which outputs list them.
    const ALL: &'static [Self];
    /// The word that stands for the value in every output.
    fn word(self) -> &'static str;
    /// The place of the value in [`Word::ALL`].
    fn index(self) -> usize;
    /// The value that a word stands for.
    #[must_use]
    fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.word() == word)
    }
}

/// Declares an enumeration of words: each variant with its word and its meaning.
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        $vis enum $name { $($(#[$vmeta])* $variant,)+ }
        impl $crate::model::word::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];
            fn word(self) -> &'static str { match self { $(Self::$variant => $word,)+ } }
            fn index(self) -> usize { self as usize }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad($crate::model::word::Word::word(*self))
            }
        }
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str($crate::model::word::Word::word(*self))
            }
        }
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let word = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(d)?;
                let value: Option<Self> = $crate::model::word::Word::of(&word);
                value.ok_or_else(|| ::serde::de::Error::custom(format!("`{word}` is no {}", stringify!($name))))
            }
        }
    };
}
pub(crate) use words;

/// How many records take each value of a [`Word`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<W> {
    counts: Vec<u64>,
    word: std::marker::PhantomData<W>,
}

impl<W: Word> Default for Tally<W> {
    fn default() -> Self {
        Self { counts: vec![0; W::ALL.len()], word: std::marker::PhantomData }
    }
}

impl<W: Word> Tally<W> {
    /// Counts every value of a column.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = W>) -> Self {
        let mut tally = Self::default();
        for value in values {
            tally.add(value);
        }
        tally
    }

    /// Counts one more record.
    pub fn add(&mut self, value: W) {
        self.counts[value.index()] += 1;
    }

    /// Puts a number in the place of what was counted.
    pub(crate) fn set(&mut self, value: W, count: u64) {
        self.counts[value.index()] = count;
    }

    /// The number of records with this value.
    #[must_use]
    pub fn get(&self, value: W) -> u64 {
        self.counts[value.index()]
    }

    /// All records counted.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Each value with its count, zeros included, in the fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (W, u64)> + '_ {
        W::ALL.iter().map(|&value| (value, self.get(value)))
    }

    /// The values that some record takes.
    pub fn present(&self) -> impl Iterator<Item = (W, u64)> + '_ {
        self.iter().filter(|&(_, count)| count > 0)
    }
}

/// Counts every value of a column, side by side.
impl<W: Word + Send> FromParallelIterator<W> for Tally<W> {
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

impl<W: Word> Serialize for Tally<W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(W::ALL.len()))?;
        for (value, count) in self.iter() {
            map.serialize_entry(value.word(), &count)?;
        }
        map.end()
    }
}

impl<'de, W: Word> Deserialize<'de> for Tally<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let counts = std::collections::BTreeMap::<String, u64>::deserialize(deserializer)?;
        let mut tally = Self::default();
        for (word, count) in counts {
            let value =
                W::of(&word).ok_or_else(|| D::Error::custom(format!("`{word}` is not a value that is counted")))?;
            tally.set(value, count);
        }
        Ok(tally)
    }
}

impl<W: Word> schemars::JsonSchema for Tally<W> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        std::any::type_name::<W>().rsplit("::").next().unwrap_or("Word").to_owned().into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words: Vec<&str> = W::ALL.iter().map(|value| value.word()).collect();
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
