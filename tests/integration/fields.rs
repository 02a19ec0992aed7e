//! The catalogue of Salesforce's fields: no other file of the sources writes a name of a field, and the README agrees with
//! it.

use std::collections::BTreeSet;

use tieout::inputs::salesforce::objects::{AUXILIARY_FIELDS, CATALOGUE, Need, ObjectField, system};
use tieout::model::label::Label as _;
use tieout::model::object::SfObject;

use crate::architecture::sources;
use crate::catalogue::readme_rows;
use crate::root;
use crate::source::{Part, parts};

/// The texts between quotation marks in a source, without those of comments and of the module of tests at its end.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("\n#[cfg(test)]\n").next().unwrap_or(source);
    let text = |part| match part {
        Part::Text(text) => Some(text),
        Part::Identifier(_) => None,
    };
    parts(source).into_iter().filter_map(text).collect()
}

/// The words of a text that can be names of fields.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Whether a text is part of a query or of a file's headings, and no sentence for users.
fn is_code(text: &str) -> bool {
    let begins_a_condition =
        || text.trim_start().split_once(' ').is_some_and(|(_, rest)| rest.starts_with(['=', '<', '>']));
    !text.trim().contains(char::is_whitespace)
        || names_in(text).any(|word| ["SELECT", "FROM", "WHERE"].contains(&word))
        || begins_a_condition()
}

#[test]
fn the_names_of_fields_are_written_in_one_file() {
    let src = root().join("src");
    let standard: BTreeSet<&str> = CATALOGUE
        .iter()
        .flat_map(|object| object.fields)
        .chain(&AUXILIARY_FIELDS)
        .map(|field| field.name)
        .filter(|name| !name.ends_with("__c"))
        .collect();
    let is_custom = |word: &str| word.starts_with("docebo_v3__") && word.ends_with("__c");
    for file in sources(&src) {
        let name = file.strip_prefix(&src).expect("inside").to_string_lossy().into_owned();
        // The headings of Docebo's reports are not Salesforce's fields, though one is written like one.
        if name == "inputs/salesforce/objects.rs" || name.ends_with("tests.rs") || name.starts_with("inputs/docebo") {
            continue;
        }
        let source = std::fs::read_to_string(&file).expect("a source");
        for text in literals(&source) {
            let is_code = is_code(&text);
            for word in names_in(&text) {
                let is_field = is_custom(word) && SfObject::parse(word).is_none() || is_code && standard.contains(word);
                assert!(
                    !is_field,
                    "{name} writes the field {word}, which inputs/salesforce/objects.rs names: {text:?}"
                );
            }
        }
    }
}

#[test]
fn literals_are_found_and_comments_are_not() {
    let source = "let a = \"one\\\"\"; // \"two\"\nlet b = ['\"', '\\n']; r#\"three \"four\"\"#; r\"five\"; for\"six\"\n\
                  #[cfg(test)]\nmod tests { \"seven\" }";
    assert_eq!(literals(source), ["one\"", "three \"four\"", "five", "six"]);
    assert!(is_code("Id,IsDeleted\n") && is_code("CreatedDate <= {horizon}") && is_code(" WHERE Id = {}"));
    assert!(!is_code("give the user read access to CreatedDate"));
}

/// Fields that every object of the package has, beside its id.
const WRITES: [ObjectField; 4] = [system::CREATED_DATE, system::CREATED_BY, system::MODIFIED_DATE, system::MODIFIED_BY];

#[test]
fn the_readme_lists_the_fields_as_they_are() {
    let line = |object: &str, field: &ObjectField| {
        format!("| {object} | `{}` | {} | {} |", field.name, field.need, field.role)
    };
    let mut wanted = vec![line("every object", &system::ID), line("every object", &system::SYSTEM_MODSTAMP)];
    wanted.extend(WRITES.iter().map(|field| line("each of the package", field)));
    for object in CATALOGUE {
        assert!(object.fields.contains(&system::ID), "{} has no id", object.object);
        let is_of_package = SfObject::PACKAGE.contains(&object.object);
        let missing = WRITES.iter().find(|field| is_of_package && !object.fields.contains(field));
        assert_eq!(missing, None, "{} is written, too", object.object);
        let own = object.fields.iter().filter(|field| **field != system::ID && !WRITES.contains(field));
        wanted.extend(own.map(|field| line(&format!("`{}`", object.object), field)));
    }
    assert_eq!(readme_rows("fields"), wanted, "the README's table should read:\n{}\n", wanted.join("\n"));
}

#[test]
fn the_queries_of_the_readme_select_what_is_needed_and_nothing_else() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("a README");
    let mut seen = BTreeSet::new();
    for command in readme.split("\nget ").skip(1) {
        let (object, rest) = command.split_once(" \"SELECT ").expect("a query");
        let (fields, rest) = rest.split_once(" FROM ").expect("an object");
        assert!(rest.starts_with(&format!("{object}\"")), "{object}.csv holds something else");
        let fields: Vec<&str> = fields.split(',').map(str::trim).collect();
        let object = SfObject::parse(object).expect("an object");
        let own = CATALOGUE.iter().find(|of| of.object == object).expect("an object of the catalogue").fields;
        for field in own.iter().filter(|field| field.need != Need::Optional) {
            assert!(fields.contains(&field.name), "the query of {object} lacks {field}");
        }
        let is_mapped = |name: &str| object == SfObject::Contact && name == "Email";
        let unknown = fields.iter().find(|name| !own.iter().any(|field| field.name == **name) && !is_mapped(name));
        assert_eq!(unknown, None, "the query of {object} selects a field that is not read");
        seen.insert(object);
    }
    let compared = CATALOGUE.iter().map(|of| of.object).filter(|object| !SfObject::AUXILIARY.contains(object));
    assert_eq!(seen, compared.collect(), "an object that is compared has no query");
}
