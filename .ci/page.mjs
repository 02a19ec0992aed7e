#!/usr/bin/env node
// Proves report.html of a run right in a browser: whole without a network and without scripts, usable by
// keyboard and by axe's rules, narrow, large and on paper, and telling what findings.jsonl tells.
//
//     TIEOUT_NODE_MODULES=FOLDER .ci/page.mjs [--self-test] [--shots DIR] PAGE_OR_RUN_DIR...
//
// The folder is one into which npm installed playwright-core and axe-core; the browser is the machine's own
// (TIEOUT_CHROMIUM, or chromium of the PATH). With --self-test, faults are planted in copies of a page
// that has findings and no faults, and each must be found. Exits 1 on a fault, 3 where a package or the browser is missing.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { deflateRawSync, inflateRawSync } from "node:zlib";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
// Stops of the walk by keyboard: all of a page of some hundreds of links, the beginning of a longer one.
const MOST_STOPS = 700;
// As src/render/inert.rs has them; written down here once more, so that a change there is seen.
const ACTIVE = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/g;
const visible = (text) =>
  text.replace(ACTIVE, (c) => `[U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
const SCHEMES = [["light", "none"], ["dark", "none"], ["light", "active"]];
const nameOf = ([scheme, forced]) => (forced === "active" ? "forced-colors" : scheme);

const missing = (what) => {
  console.error(`page: NOTHING WAS PROVED: ${what} is missing`);
  process.exit(3);
};
const browserPath = () => {
  if (process.env.TIEOUT_CHROMIUM) return process.env.TIEOUT_CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
    if (found.status === 0) return found.stdout.trim();
  }
  return missing("chromium");
};
const packages = () => {
  const require = createRequire(join(resolve(process.env.TIEOUT_NODE_MODULES ?? "."), "/"));
  try {
    return [require("playwright-core").chromium, readFileSync(require.resolve("axe-core/axe.min.js"), "utf8")];
  } catch {
    return missing("playwright-core or axe-core in TIEOUT_NODE_MODULES");
  }
};

// One page, its run, and what is wrong with it.

class Subject {
  constructor(given) {
    const path = resolve(given);
    this.file = statSync(path).isDirectory() ? join(path, "report.html") : path;
    this.folder = dirname(this.file);
    this.name = this.file.endsWith("/report.html") ? basename(this.folder) : basename(this.file);
    this.url = pathToFileURL(this.file).href;
    this.faults = [];
    this.facts = [];
    const findings = join(this.folder, "findings.jsonl");
    const report = join(this.folder, "report.json");
    const lines = existsSync(findings) ? readFileSync(findings, "utf8").split("\n").filter(Boolean) : [];
    this.known = existsSync(findings) && existsSync(report);
    this.findings = lines.map((line) => JSON.parse(line));
    this.verdict = this.known ? JSON.parse(readFileSync(report, "utf8")).verdict : "";
  }
  fault(kind, text = "") {
    this.faults.push([kind, String(text)]);
  }
  expect(holds, kind, text) {
    if (!holds) this.fault(kind, text);
    return holds;
  }
  // The keys that a page shows are those of findings.jsonl, in its order; what is left out is told.
  expectKeys(keys, told, where = "") {
    const wanted = this.findings.map(({ key }) => key);
    const at = keys.findIndex((key, i) => key !== wanted[i]);
    if (at >= 0 || (wanted.length && !keys.length)) {
      this.fault(`${where}keys differ`, `row ${at + 1}: ${keys[at]} here, ${wanted[Math.max(at, 0)]} in findings.jsonl`);
    } else if (keys.length < wanted.length) {
      const bare = told.map((text) => text.replace(/(?<=\d)[\s,\u202f\u00a0](?=\d{3})/g, ""));
      const both = bare.some((text) => [keys.length, wanted.length].every((n) => new RegExp(`(?<!\\d)${n}(?!\\d)`).test(text)));
      this.expect(both, `${where}rows left out, not told`, `${keys.length} of ${wanted.length}`);
    }
  }
}

// A context without a network. What it asks for, logs or pops up is a fault.
const open = async (browser, subject, options = {}, hash = "") => {
  const context = await browser.newContext({ offline: true, viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const watch = { on: true };
  context.on("request", (request) => {
    const url = request.url();
    if (url.split("#")[0] !== subject.url) subject.fault("request", url.slice(0, 200));
  });
  page.on("console", (message) => {
    if (watch.on && message.type() === "error") subject.fault("console error", message.text().slice(0, 300));
  });
  page.on("pageerror", (error) => subject.fault("page error", error.message));
  page.on("dialog", (dialog) => {
    subject.fault("dialog", dialog.message());
    dialog.dismiss();
  });
  page.on("popup", (popup) => subject.fault("popup", popup.url()));
  await page.goto(subject.url + hash, { waitUntil: "load" });
  return { context, page, watch };
};
// The page's own script works on after the load event; it says so by showing its controls.
const EXPLORER = "#explorer, .explorer";
const ready = async (page) => {
  if (await page.locator(EXPLORER).count()) await page.waitForSelector(".explorer .controls:not([hidden]), #explorer-controls:not([hidden])");
};

// What the markup may hold

const checkMarkup = async (page, subject) => {
  const markup = await page.evaluate((explorer) => {
    const all = [...document.querySelectorAll("*")];
    const foreign = "img, iframe, frame, object, embed, link, base, form, audio, video, source, template, foreignObject, marquee, math, portal, animate, set, image, use, noscript";
    const ids = all.map(({ id }) => id).filter(Boolean);
    return {
      explorer: Boolean(document.querySelector(explorer)),
      scripts: [...document.querySelectorAll("script")].map((script) => [script.id, script.type, script.src]),
      foreign: [...document.querySelectorAll(foreign)].map((element) => element.outerHTML.slice(0, 120)),
      handlers: all.flatMap((element) => [...element.attributes].filter(({ name }) => /^on|^style$|^srcdoc$/i.test(name)).map(({ name, value }) => `${element.localName} ${name}=${value}`)),
      twice: ids.filter((id, i) => ids.indexOf(id) !== i),
      links: [...document.querySelectorAll("a")].map((a) => a.getAttribute("href") ?? "").filter((href) => !(href.startsWith("#") ? document.getElementById(href.slice(1).split("?")[0]) : href.startsWith("https://"))),
      policy: document.querySelector("meta[http-equiv='Content-Security-Policy']")?.content ?? "",
    };
  }, EXPLORER);
  const wanted = markup.explorer ? 2 : 0;
  subject.expect(markup.scripts.length === wanted, "script elements", `${markup.scripts.length}, expected ${wanted}: ${JSON.stringify(markup.scripts)}`);
  subject.expect(markup.scripts.every(([, , src]) => !src), "script from elsewhere", JSON.stringify(markup.scripts));
  for (const kind of ["foreign", "handlers", "twice", "links"]) {
    const said = { foreign: "foreign element", handlers: "handler or style attribute", twice: "id twice", links: "link to nowhere" };
    for (const each of markup[kind].slice(0, 3)) subject.fault(said[kind], each);
  }
  const loose = /unsafe|\*|https?:/.test(markup.policy) || !markup.policy.includes("default-src 'none'");
  subject.expect(!loose, "content security policy", markup.policy || "none");
  return markup.explorer;
};

// Without scripts

const checkWithoutScript = async (browser, subject) => {
  const { context, page } = await open(browser, subject, { javaScriptEnabled: false });
  const seen = await page.evaluate(() => {
    const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getBoundingClientRect().width > 0;
    const section = document.getElementById("findings")?.closest("section");
    const table = section?.querySelector("table");
    return {
      hidden: [...document.querySelectorAll("main h2, main h3")].filter((h) => !shown(h) && !h.closest("details, .sign-off")).map((h) => h.textContent),
      sections: [...document.querySelectorAll("main > section")].filter((s) => !s.querySelector("h2")).length,
      headings: document.querySelectorAll("main h2").length,
      verdict: { id: document.querySelector("section.verdict")?.className ?? "", text: document.getElementById("verdict")?.parentElement.innerText ?? "" },
      rows: [...(table?.querySelectorAll("tbody tr") ?? [])].map((row) => ({ key: row.querySelector("th")?.innerText.trim() ?? "", text: row.textContent, shown: shown(row) })),
      told: [...(section?.querySelectorAll("p") ?? [])].filter((p) => shown(p) && !p.closest("table")).map((p) => p.innerText),
      dead: [...document.querySelectorAll("button, input, select, textarea, [role=button], a:not([href])")].filter(shown).map((e) => e.outerHTML.slice(0, 120)),
    };
  });
  subject.expect(seen.headings >= 5 && !seen.sections, "without scripts: headings", `${seen.headings} h2, ${seen.sections} sections without one`);
  for (const heading of seen.hidden) subject.fault("without scripts: heading not visible", heading);
  for (const dead of seen.dead.slice(0, 3)) subject.fault("without scripts: dead control", dead);
  subject.expect(seen.verdict.text.trim(), "without scripts: no verdict");
  if (subject.known) {
    subject.expect(seen.verdict.id.split(" ").includes(subject.verdict), "verdict differs", `${seen.verdict.id} here, ${subject.verdict} in report.json`);
    subject.expectKeys(seen.rows.map(({ key }) => key), seen.told);
    const squeezed = (text) => text.replace(/\s+/g, " ").trim();
    seen.rows.forEach((row, i) => {
      if (!row.shown) subject.fault("without scripts: finding not visible", row.key);
      const finding = subject.findings[i];
      if (!finding) return;
      const texts = [finding.severity, finding.check, finding.field, finding.salesforce_id, finding.learner_id, finding.course_id];
      const text = squeezed(row.text);
      // A long value may be cut, a personal one withheld.
      const typed = /\[withheld\]|p_[0-9A-Z]{16}/.test(text) ? [] : [finding.expected, finding.found];
      for (const each of [...texts, ...typed].filter((each) => each !== null && each !== "")) {
        const begins = squeezed(visible(String(each))).slice(0, 150);
        subject.expect(text.includes(begins), "value differs", `${row.key} lacks ${begins}`);
      }
    });
  }
  subject.facts.push(`${seen.rows.length} of ${subject.findings.length} findings without scripts`);
  await context.close();
  return seen.verdict.text.split("\n").map((line) => line.trim()).filter((line) => line.length > 3).slice(0, 2);
};

// By keyboard

const checkKeyboard = async (page, subject) => {
  // Everything that can be reached, in the order of the page, and what is seen of it when it is.
  const count = await page.evaluate(() => {
    document.activeElement?.blur();
    const reachable = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter(
      (e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true }) && !e.closest("details:not([open]) > :not(summary)"),
    );
    window.walk = [];
    document.addEventListener("focusin", ({ target }) => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(target);
      const box = target.getClientRects()[0];
      const within = box && box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      // A box larger than the window is seen where it and the window meet.
      const at = within && [(Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2, (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2];
      const top = at && document.elementFromPoint(...at);
      window.walk.push({
        place: reachable.indexOf(target),
        what: target.outerHTML.slice(0, 100),
        outlined: (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 && !/, 0\)$|transparent/.test(outlineColor)) || boxShadow !== "none",
        seen: Boolean(top) && (target.contains(top) || top.contains(target)),
      });
    });
    return reachable.length;
  });
  const stops = Math.min(count, MOST_STOPS);
  for (let i = 0; i < stops; i += 1) await page.keyboard.press("Tab");
  const walk = await page.evaluate(() => window.walk.splice(0));
  const first = walk[0];
  subject.expect(first && /href="#main"/.test(first.what), "keyboard: the first stop is not the skip link", first?.what);
  walk.forEach((stop, i) => {
    if (stop.place !== i) subject.fault("keyboard: out of order", `stop ${i + 1} is number ${stop.place + 1} of the page: ${stop.what}`);
    if (!stop.outlined) subject.fault("keyboard: no visible outline", stop.what);
    if (!stop.seen) subject.fault("keyboard: focus not visible", stop.what);
  });
  subject.expect(walk.length === stops, "keyboard: trap", `${walk.length} stops by ${stops} presses; last at ${walk.at(-1)?.what}`);
  if (stops === count) {
    // One more leaves the page, or begins anew.
    await page.keyboard.press("Tab");
    const after = await page.evaluate(() => document.activeElement === document.body || window.walk.at(-1)?.place === 0);
    subject.expect(after, "keyboard: trap", `the order does not end; last at ${walk.at(-1)?.what}`);
  }
  await page.evaluate(() => { document.activeElement?.blur(); scrollTo(0, 0); });
  await page.focus("a[href='#main']");
  await page.keyboard.press("Enter");
  const target = await page.evaluate(() => document.activeElement.id);
  subject.expect(target === "main", "keyboard: the skip link leads elsewhere", target);
  subject.facts.push(`${stops}${stops < count ? ` of ${count}` : ""} stops`);
};

// By the rules

const checkRules = async (page, subject, axe) => {
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  await page.evaluate(axe);
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme[0], forcedColors: scheme[1] });
    const violations = await page.evaluate(async (tags) => {
      const { violations: found } = await window.axe.run(document, { runOnly: tags, resultTypes: ["violations"], preload: false, elementRef: false });
      return found.map(({ id, nodes }) => [id, nodes.length, nodes[0].target.join(" "), nodes[0].failureSummary.split("\n").slice(1).join(" ").trim()]);
    }, RULES);
    for (const [id, nodes, selector, why] of violations) subject.fault(`axe, ${nameOf(scheme)}: ${id}`, `${nodes} times, first ${selector}: ${why}`);
  }
};

// Narrow and large

const checkReflow = async (browser, subject, shots) => {
  const sizes = [
    ["320", { viewport: { width: 320, height: 640 } }],
    ["200-percent", { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 }],
  ];
  for (const [name, options] of sizes) {
    const { context, page } = await open(browser, subject, options);
    await ready(page);
    if (shots) await page.screenshot({ path: join(shots, `${subject.name}-${name}.png`) });
    for (const state of ["as it opens", "all open"]) {
      const wide = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        if (scrollWidth <= clientWidth) return "";
        // What is positioned is not held by the region that scrolls. A long word is wider than its element.
        const held = (e) => e.closest(".scroll") && getComputedStyle(e).position !== "absolute";
        const right = (e) => {
          const range = document.createRange();
          range.selectNodeContents(e);
          return Math.max(e.getBoundingClientRect().right, e.childElementCount || e.matches(".unseen") ? 0 : range.getBoundingClientRect().right);
        };
        const outside = [...document.querySelectorAll("body *")].find((e) => right(e) > clientWidth + 1 && !held(e));
        return `${scrollWidth} px in ${clientWidth}, by ${outside?.outerHTML.slice(0, 100)}`;
      });
      subject.expect(!wide, `${name}: scrolls sideways`, `${state}: ${wide}`);
      await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
    }
    await context.close();
  }
};

// On paper

const checkPrint = async (page, subject, verdict, scratch) => {
  await page.emulateMedia({ media: "print" });
  // A button that sorts is the heading of its column.
  const controls = await page.evaluate(() => [...document.querySelectorAll("button, input, select")].filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest("thead")).map((e) => e.outerHTML.slice(0, 100)));
  for (const each of controls.slice(0, 3)) subject.fault("print: control", each);
  await page.emulateMedia({ media: null });
  const path = join(scratch, `${subject.name}.pdf`);
  const pdf = await page.pdf({ path, format: "A4", preferCSSPageSize: true, printBackground: true });
  const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  subject.expect(pages > 0 && pages < 400, "print: pages", pages);
  const text = spawnSync("pdftotext", ["-layout", path, "-"], { encoding: "utf8", maxBuffer: 1e9 });
  if (text.error) {
    subject.facts.push("pdftotext is missing: THE TEXT OF THE PRINT IS NOT PROVED");
  } else {
    const squeezed = (each) => each.replace(/\s+/g, " ");
    for (const line of verdict) subject.expect(squeezed(text.stdout).includes(squeezed(line)), "print: verdict missing", line);
  }
  subject.facts.push(`${pages} pages`);
};

// The explorer of findings, where the page has one

const explorer = {
  keys: (page) => page.$$eval(".explorer tbody tr", (rows) => rows.map((row) => row.querySelector("th").textContent.trim())),
  status: (page) => page.$eval("#explorer-status", (status) => status.textContent),
};
const checkExplorer = async (page, subject) => {
  const [block, told] = await page.evaluate(() => [document.getElementById("data").textContent, [...document.getElementById("findings").closest("section").querySelectorAll("p")].filter((p) => !p.closest("table")).map((p) => p.textContent)]);
  const { rows } = JSON.parse(inflateRawSync(Buffer.from(block, "base64")).toString("utf8"));
  subject.expectKeys(rows.map(([key]) => key), told, "explorer: ");
  const before = await explorer.keys(page);
  const wanted = rows[Math.floor(rows.length / 2)][0];

  await page.fill("#explorer-search", wanted);
  await page.waitForFunction((all) => document.querySelectorAll(".explorer tbody tr").length < all || all === 1, before.length).catch(() => {});
  await page.waitForTimeout(200);
  const narrowed = await explorer.keys(page);
  subject.expect(narrowed.length === 1 && narrowed[0] === wanted, "explorer: search", `${wanted} finds ${narrowed.slice(0, 3)}`);
  const hash = () => page.evaluate(() => location.hash);
  subject.expect((await hash()).includes(wanted), "explorer: search not in the address", await hash());
  await page.fill("#explorer-search", "");
  await page.keyboard.press("Enter");
  await page.waitForFunction((all) => document.querySelectorAll(".explorer tbody tr").length === all, before.length).catch(() => {});
  subject.expect(String(await explorer.keys(page)) === String(before), "explorer: an empty search does not show all");

  const header = page.locator(".explorer th[data-column=key]");
  await header.getByRole("button").click();
  const sorted = await header.getAttribute("aria-sort");
  subject.expect(["ascending", "descending"].includes(sorted), "explorer: aria-sort", sorted);
  const keys = rows.map(([key]) => key).sort();
  if (sorted === "descending") keys.reverse();
  const shown = await explorer.keys(page);
  subject.expect(shown.every((key, i) => key === keys[i]), "explorer: order", `${shown.slice(0, 3)}, expected ${keys.slice(0, 3)}`);

  const next = page.locator(".explorer .pager button[value='1']").first();
  const more = rows.length > shown.length;
  subject.expect(((await next.getAttribute("aria-disabled")) === "true") === !more, "explorer: next page", `${rows.length} rows, ${shown.length} shown`);
  if (more) {
    await next.click();
    const second = await explorer.keys(page);
    subject.expect(second.length && second.every((key, i) => key === keys[shown.length + i]), "explorer: next page", `${second.slice(0, 3)}, expected ${keys[shown.length]}`);
  }
  const state = async () => JSON.stringify([await explorer.keys(page), await explorer.status(page), await header.getAttribute("aria-sort"), await hash()]);
  const kept = await state();
  subject.expect(/sort=/.test(kept) && (!more || /page=2/.test(kept)), "explorer: state not in the address", await hash());
  await page.reload();
  await ready(page);
  const again = await state();
  subject.expect(again === kept, "explorer: state lost by a reload", again.slice(0, 200));
  subject.facts.push(`explorer with ${rows.length} rows`);
};

const prove = async (browser, axe, subject, scratch, shots) => {
  const began = Date.now();
  const verdict = await checkWithoutScript(browser, subject);
  const { context, page, watch } = await open(browser, subject);
  const hasExplorer = await checkMarkup(page, subject);
  await ready(page);
  if (shots) {
    for (const scheme of SCHEMES) {
      await page.emulateMedia({ colorScheme: scheme[0], forcedColors: scheme[1] });
      await page.screenshot({ path: join(shots, `${subject.name}-${nameOf(scheme)}.png`), fullPage: true });
    }
    await page.emulateMedia({ colorScheme: "light", forcedColors: "none" });
  }
  await checkKeyboard(page, subject);
  await checkPrint(page, subject, verdict, shots ?? scratch);
  if (hasExplorer) await checkExplorer(page, subject);
  // axe writes styles of its own, which the page's policy reports.
  watch.on = false;
  await checkRules(page, subject, axe);
  await context.close();
  await checkReflow(browser, subject, shots);
  subject.facts.push(`${((Date.now() - began) / 1000).toFixed(1)} s`);
};

const print = (subject) => {
  console.log(`${subject.name}: ${subject.facts.join(", ")}, ${subject.faults.length} faults`);
  const kinds = new Map();
  for (const [kind, text] of subject.faults) kinds.set(kind, [...(kinds.get(kind) ?? []), text]);
  for (const [kind, texts] of kinds) {
    for (const text of texts.slice(0, 3)) console.log(`  ${subject.file}: ${kind}: ${text}`);
    if (texts.length > 3) console.log(`  ${subject.file}: ${kind}: and ${texts.length - 3} more`);
  }
};

// Faults, each with what is replaced by what in the page, and the kind that it must be found as. Those of one
// list go into one copy; none may hide another there.
const NO_POLICY = /<meta http-equiv=[^>]*>([^]*)<\/main>/;
const PLANTED = [
  [
    ["an image with a handler", "</main>", "<img src='x' alt='' onerror='alert(1)'></main>", "foreign element"],
    ["a handler", "<main ", "<main onclick='alert(1)' ", "handler or style attribute"],
    ["a script", "</main>", "<script>alert(1)</script></main>", "script elements"],
    ["what the policy forbids", "</main>", "<p style='color: red'>x</p></main>", "console error"],
    ["low contrast", /--ink: #[0-9a-f]{6}/, "--ink: #cccccc", "axe, light: color-contrast"],
    ["low contrast in the dark", /(dark\) \{\s*:root \{[^]*?)--ink: #[0-9a-f]{6}/, "$1--ink: #333333", "axe, dark: color-contrast"],
    ["an unnamed field", "</main>", "<input></main>", "axe, forced-colors: label"],
    ["a dead control", "</main>", "<button type=button>Sort</button></main>", "without scripts: dead control"],
    ["a link to nowhere", "</main>", "<a href='#nowhere'>x</a></main>", "link to nowhere"],
    ["no outline", /:focus-visible \{[^}]*\}/, ":focus-visible { outline: none; }", "keyboard: no visible outline"],
    ["an order of its own", "</main>", "<a href='#main' tabindex='5'>first</a></main>", "keyboard: out of order"],
    ["a wide element", "</main>", "<p class='wide-fault'>x</p></main>", "320: scrolls sideways"],
    ["a changed value", /(id="findings"[^]*?<tbody>\s*<tr>[^]*?<span class="severity \w+">)\w+/, "$1minor", "value differs"],
    ["a hidden heading", '<h2 id="checks"', '<h2 hidden id="checks"', "without scripts: heading not visible"],
  ],
  [
    ["a script", NO_POLICY, "$1<script>alert(1)</script></main>", "dialog"],
    ["no policy", /^/, "", "content security policy"],
    ["an error", "</main>", "<script>throw new Error('x')</script></main>", "page error"],
    ["a request", "</main>", "<img src='https://example.com/x.png' alt='x'></main>", "request"],
    ["a trap", "</main>", "<button type=button id=trap>x</button><script>trap.onkeydown = (e) => e.preventDefault()</script></main>", "keyboard: trap"],
    ["a removed row", /(id="findings"[^]*?<tbody>\s*)<tr>[^]*?<\/tr>/, "$1", "keys differ"],
    ["another verdict", /class="verdict [\w-]+"/, 'class="verdict reconciled"', "verdict differs"],
  ],
];
// As above, for a page with the explorer.
const PLANTED_IN_SCRIPT = [
  ["no word on the order", /setAttribute\("aria-sort"/g, 'setAttribute("data-sort"', "explorer: aria-sort"],
  ["a lost state", "history.replaceState(", "Boolean(", "explorer: state not in the address"],
  ["a removed row", /(<script [^>]*id="data"[^>]*>)([^<]*)/, (_, tag, block) => tag + withoutFirstRow(block), "explorer: keys differ"],
];
const withoutFirstRow = (block) => {
  const data = JSON.parse(inflateRawSync(Buffer.from(block, "base64")).toString("utf8"));
  return deflateRawSync(JSON.stringify({ ...data, rows: data.rows.slice(1) })).toString("base64");
};

// The page's policy names the digests of its style sheet and script; what is changed needs the digest of its own.
const resealed = (html) => {
  const digest = (text) => `sha256-${createHash("sha256").update(text ?? "").digest("base64")}`;
  const css = html.match(/<style>([^]*?)<\/style>/)[1];
  const script = html.match(/<script>((?:(?!<script)[^])*)<\/script>\s*<\/body>/)?.[1];
  return html.replace(/style-src '[^']*'/, `style-src '${digest(css)}'`).replace(/script-src '[^']*'/, `script-src '${digest(script)}'`);
};
const selfTest = async (browser, axe, subject, scratch) => {
  const copies = /<script [^>]*id="data"/.test(readFileSync(subject.file, "utf8")) ? [...PLANTED, PLANTED_IN_SCRIPT] : PLANTED;
  let found = 0;
  for (const [i, planted] of copies.entries()) {
    const folder = join(scratch, `faults-${i}`);
    mkdirSync(folder);
    for (const file of ["findings.jsonl", "report.json"]) copyFileSync(join(subject.folder, file), join(folder, file));
    let html = readFileSync(subject.file, "utf8").replace("</style>", ".wide-fault { width: 60rem; max-width: none; }</style>");
    for (const [, pattern, replacement] of planted) html = html.replace(pattern, replacement);
    writeFileSync(join(folder, "report.html"), resealed(html));
    const copy = new Subject(folder);
    await prove(browser, axe, copy, scratch).catch((error) => copy.fault("ended early", error.message));
    const kinds = new Set(copy.faults.map(([kind]) => kind));
    const missed = planted.filter(([, , , kind]) => !kinds.has(kind));
    for (const [name, , , kind] of missed) console.log(`self-test: ${name}: no "${kind}" among ${[...kinds].join("; ")}`);
    found += planted.length - missed.length;
  }
  const all = copies.flat().length;
  console.log(`self-test: ${found} of ${all} planted faults found`);
  return found === all;
};

const main = async () => {
  const given = process.argv.slice(2);
  const withSelfTest = given.includes("--self-test");
  const at = given.indexOf("--shots");
  const shots = at >= 0 ? resolve(given.splice(at, 2)[1]) : undefined;
  const paths = given.filter((each) => each !== "--self-test");
  if (!paths.length) {
    console.error("usage: .ci/page.mjs [--self-test] [--shots DIR] PAGE_OR_RUN_DIR...");
    process.exit(2);
  }
  const [chromium, axe] = packages();
  if (shots) mkdirSync(shots, { recursive: true });
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: browserPath(), args }).catch((error) => {
    console.error(error.message);
    return missing("a chromium that starts");
  });
  const scratch = mkdtempSync(join(tmpdir(), "tieout-page-"));
  let good = true;
  try {
    const subjects = paths.map((path) => new Subject(path));
    const waiting = [...subjects];
    const work = async () => {
      for (let subject = waiting.shift(); subject; subject = waiting.shift()) {
        await prove(browser, axe, subject, scratch, shots).catch((error) => subject.fault("ended early", error.message));
        print(subject);
        good &&= !subject.faults.length;
      }
    };
    await Promise.all([work(), work()]);
    if (withSelfTest) {
      const rows = subjects.filter(({ findings, faults }) => findings.length && !faults.length).sort((a, b) => a.findings.length - b.findings.length);
      good = rows.length > 0 && (await selfTest(browser, axe, rows[0], scratch)) && good;
    }
  } finally {
    await browser.close();
    rmSync(scratch, { recursive: true });
  }
  process.exit(good ? 0 : 1);
};

await main();
