//! `report.html`: the run on one page that a manager reads in a minute and an analyst opens along with the workbook.
//! One file, no requests; everything important is in the markup, and the page's own script only makes the table of
//! all findings searchable.
//!
//! The template escapes all values. Written raw are the style sheet and the script, whose digests the page's content
//! security policy requires, and the block of findings, which is base64.
//!
//! Must not know: files, clocks; how a number was computed.

mod causes;
mod explorer;
mod fact;
mod health;
mod movement;
mod row;
mod view;

use std::io::Write;

use data_encoding::BASE64;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError as TemplateFault,
    RenderErrorReason, Renderable as _,
};
use sha2::{Digest as _, Sha256};

use crate::outputs::RenderError;
use crate::outputs::redact::Names;
use crate::report::Report;

const PAGE: &str = include_str!("../../templates/report.html.hbs");
const EQUATION: &str = include_str!("../../templates/report-equation.html.hbs");
const FINDINGS: &str = include_str!("../../templates/report-findings.html.hbs");
const HEALTH: &str = include_str!("../../templates/report-health.html.hbs");
const TIMELINE: &str = include_str!("../../templates/timeline.svg.hbs");
const EXPLORER: &str = include_str!("../../templates/report-explorer.html.hbs");
const ROLL: &str = include_str!("../../templates/report-roll-forward.html.hbs");
const GLOSSARY: &str = include_str!("../../templates/report-glossary.html.hbs");
const CSS: &str = include_str!("../../templates/report.css");
const SCRIPT: &str = include_str!("../../templates/report.js");

/// Writes the page.
///
/// # Errors
/// If writing to `out` fails; no report causes one: the template and its data are built in.
pub fn write(report: &Report, names: Names<'_>, out: impl Write) -> Result<(), RenderError> {
    let digest = |text: &str| format!("sha256-{}", BASE64.encode(&Sha256::digest(text.as_bytes())));
    let view = view::page(report, names, (digest(CSS), digest(SCRIPT)));
    let mut templates = templates()?;
    templates.register_helper("data", Box::new(Data { report, names }));
    Ok(templates.render_to_write("page", &view, out)?)
}

/// Like [`write`], into memory.
///
/// # Errors
/// Those of [`write`].
pub fn page(report: &Report, names: Names<'_>) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    write(report, names, &mut bytes)?;
    Ok(bytes)
}

fn templates<'a>() -> Result<Handlebars<'a>, RenderError> {
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.register_helper("if", Box::new(StrictIf));
    templates.register_helper("css", Box::new(Raw(CSS)));
    templates.register_helper("script", Box::new(Raw(SCRIPT)));
    templates.register_partial("explorer", EXPLORER)?;
    templates.register_partial("roll-forward", ROLL)?;
    templates.register_partial("glossary", GLOSSARY)?;
    templates.register_partial("equation", EQUATION)?;
    templates.register_partial("findings", FINDINGS)?;
    templates.register_partial("health", HEALTH)?;
    templates.register_partial("timeline", TIMELINE)?;
    templates.register_template_string("page", PAGE)?;
    Ok(templates)
}

/// Writes one of tieout's own texts unescaped.
struct Raw(&'static str);

impl HelperDef for Raw {
    fn call<'reg: 'rc, 'rc>(
        &self,
        _: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        Ok(out.write(self.0)?)
    }
}

/// Writes the block of findings, generated while writing.
struct Data<'a> {
    report: &'a Report,
    names: Names<'a>,
}

impl HelperDef for Data<'_> {
    fn call<'reg: 'rc, 'rc>(
        &self,
        _: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let mut base64 = Base64 { to: out, odd: Vec::new() };
        let packed = explorer::pack(self.report, self.names, &mut base64).and_then(|()| Ok(base64.finish()?));
        packed.map_err(|error| RenderErrorReason::NestedError(Box::new(error)).into())
    }
}

/// Writes bytes as base64.
struct Base64<'a> {
    to: &'a mut dyn Output,
    /// Pending bytes, fewer than three, because three bytes make four characters.
    odd: Vec<u8>,
}

impl Base64<'_> {
    fn finish(self) -> std::io::Result<()> {
        self.to.write(&BASE64.encode(&self.odd))
    }
}

impl Write for Base64<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.odd.extend_from_slice(bytes);
        let whole = self.odd.len() / 3 * 3;
        self.to.write(&BASE64.encode(&self.odd[..whole]))?;
        self.odd.drain(..whole);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// `if` that refuses a missing field; the built-in one treats it as false, even in strict mode.
struct StrictIf;

impl HelperDef for StrictIf {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        use handlebars::JsonTruthy as _;
        let condition = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex("if", 0))?;
        if condition.is_value_missing() {
            return Err(TemplateFault::strict_error(condition.relative_path()));
        }
        let branch = if condition.value().is_truthy(false) { helper.template() } else { helper.inverse() };
        branch.map_or(Ok(()), |branch| branch.render(registry, context, state, out))
    }
}

#[cfg(test)]
mod tests {
    use super::{CSS, EQUATION, EXPLORER, FINDINGS, GLOSSARY, HEALTH, PAGE, ROLL, SCRIPT, TIMELINE, templates};

    #[test]
    fn nothing_is_written_raw_but_what_is_our_own() {
        assert_eq!(PAGE.matches("<script").count(), 2, "the findings, and what shows them");
        let page = PAGE.replace("<script type=\"text/plain\" id=\"data\">{{data}}</script>", "");
        let page = page.replace("<script>{{script}}</script>", "");
        for template in [&page, EQUATION, EXPLORER, FINDINGS, GLOSSARY, HEALTH, ROLL, TIMELINE] {
            assert!(!template.contains("{{{") && !template.contains("{{&"));
            for banned in ["<script", " style=", "javascript:", "src=", "onclick", "@import", "url("] {
                assert!(!template.contains(banned), "{banned}");
            }
        }
        assert!(!CSS.contains("</") && !CSS.contains("url(") && !CSS.contains("@import"));
        for banned in [
            "</",
            "<!--",
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "eval",
            "Function(",
            "fetch",
            "XMLHttp",
            "Storage",
            ".style",
        ] {
            assert!(!SCRIPT.contains(banned), "{banned}");
        }
    }

    #[test]
    fn a_field_that_is_not_there_is_an_error() {
        let mut templates = templates().expect("the templates parse");
        for template in ["{{absent}}", "{{#if absent}}a{{/if}}", "{{#each absent}}a{{/each}}"] {
            templates.register_template_string("probe", template).expect("it parses");
            assert!(templates.render("probe", &serde_json::json!({"here": 1})).is_err(), "{template}");
        }
    }

    #[test]
    fn text_cannot_become_markup() {
        let mut templates = templates().expect("the templates parse");
        templates.register_template_string("probe", "<p title=\"{{text}}\">{{text}}</p>").expect("it parses");
        let text = "</p><script>alert('1')</script>\"`=&";
        let shown = templates.render("probe", &serde_json::json!({"text": text})).expect("it renders");
        assert_eq!(shown.matches('<').count(), 2, "{shown}");
        assert!(!shown.contains("alert('1')"), "{shown}");
    }
}
