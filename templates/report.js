/* Makes all findings of report.html searchable, sortable and paged, from a file and without a network.
 *
 * It unpacks #data (base64 of raw deflate of JSON) and fills the table that already stands in the page.
 * Where it cannot, it changes nothing: the page is whole without it.
 *
 * It must not ask for anything, keep anything outside of the page's address, write a style attribute,
 * or let a text of a finding become markup: what is made here is elements and text. */
(async () => {
  "use strict";
  const PREFIX = "#findings?";
  const LONG = 400;
  const PAUSE = 150;
  const byId = (id) => document.getElementById(id);
  const make = (name, className, ...children) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...children);
    return element;
  };
  // As everywhere in the page: a thin space that does not break.
  const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  // Composed and decomposed accents look alike; nobody can know which ones a file holds.
  const fold = (text) => text.normalize("NFC").toLowerCase();

  const unpack = async (text) => {
    const packed = atob(text);
    const bytes = new Uint8Array(packed.length);
    for (let i = 0; i < packed.length; i += 1) bytes[i] = packed.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const { base, checks, severities, of, objects, changes, statuses, rows } = await new Response(stream).json();
    const host = /^https:\/\/[A-Za-z0-9.-]+(:\d+)?$/.test(base) ? base : "";
    return rows.map((row) => {
      const [key, check, change, object, record, learner, course, field, expected, found, since, age, status] = row;
      const [api, label] = objects[object] ?? ["", ""];
      const linked = host && /^\w+$/.test(api) && /^[A-Za-z0-9]{15,18}$/.test(record);
      return {
        key, record, learner, course, field, expected, found, since, label,
        check: checks[check],
        severity: severities[of[check]],
        change: changes[change] ?? "",
        age: age < 0 ? "" : grouped(age),
        status: statuses[status] ?? "",
        url: linked ? `${host}/lightning/r/${api}/${record}/view` : "",
        // Only for the order: the worst, the latest change and the oldest are the highest.
        ranks: { severity: -of[check], change: change < 0 ? "" : change, age: age < 0 ? "" : age },
        haystack: fold([key, record, learner, course, field, expected, found].join("\n")),
      };
    });
  };

  let findings;
  try {
    findings = await unpack(byId("data").textContent);
  } catch {
    return;
  }

  const [controls, region, status, said, search, size, help] =
    ["controls", "region", "status", "said", "search", "size", "keys"].map((part) => byId(`explorer-${part}`));
  const pagers = [...document.querySelectorAll(".pager")];
  const keys = [...help.querySelectorAll("input")];
  const body = region.querySelector("tbody");
  const headers = [...region.querySelectorAll("th[data-column]")];
  const columns = headers.map(({ dataset }) => dataset.column);
  // Without an earlier run there is no select of changes.
  const selects = ["check", "severity", "change"].map((part) => byId(`explorer-${part}`)).filter(Boolean);
  const canCopy = Boolean(navigator.clipboard?.writeText);

  let shown = findings;
  let first = 0;
  let sort = ""; // A column, "-" before it when descending; blank is the order of the page.
  const column = () => sort.replace(/^-/, "");
  const direction = () => (sort.startsWith("-") ? "descending" : "ascending");

  // Rows

  const link = (href, className, child) => Object.assign(make("a", className, child), { href });
  const value = (text) => {
    if (text === "") return [make("span", "quiet", "blank")];
    if (text.length <= LONG) return [text];
    const whole = make("details", "", make("summary", "", `All ${grouped(text.length)} characters`), text);
    return [`${text.slice(0, LONG / 2)}\u2026 `, whole];
  };
  const content = {
    key: ({ key }) => [make("code", "", key)],
    severity: ({ severity }) => [make("span", `severity ${severity}`, severity)],
    check: ({ check }) => [link(`#${check}`, "", check)],
    record: ({ record, url, label }) => {
      const id = make("code", "", record);
      const named = url ? Object.assign(link(url, "record", id), { rel: "noreferrer noopener" }) : id;
      return label ? [named, " ", make("span", "gloss", label)] : [named];
    },
    expected: ({ expected }) => value(expected),
    found: ({ found }) => value(found),
  };
  const lineOf = (finding, place) => {
    const cells = headers.map(({ className }, i) => {
      const name = columns[i];
      const cell = make(name === "key" ? "th" : "td", className, ...(content[name]?.(finding) ?? [finding[name]]));
      if (name === "key") cell.scope = "row";
      return cell;
    });
    if (canCopy) {
      const button = Object.assign(make("button", "", "Copy"), { type: "button", value: first + place });
      button.setAttribute("aria-label", `Copy finding ${finding.key}`);
      cells.push(make("td", "copy", button));
    }
    return make("tr", "", ...cells);
  };

  // Which of them, in which order

  // Numbers go by their size. Keys and record ids are text, even those of digits alone.
  const rankOf = (finding, name) => {
    const text = finding[name];
    if (name in finding.ranks) return finding.ranks[name];
    const counts = name !== "key" && name !== "record" && /^-?\d{1,15}(\.\d+)?$/.test(text);
    return counts ? Number(text) : fold(text);
  };
  // An order of all is made once; a filter then only leaves some out. Blanks come last either way.
  const orders = new Map([["", findings]]);
  const ordered = () => {
    if (!orders.has(sort)) {
      const name = column();
      const up = direction() === "ascending" ? -1 : 1;
      const ranked = findings.map((finding) => ({ finding, rank: rankOf(finding, name) }));
      const told = ranked.filter(({ rank }) => rank !== "").sort(({ rank: x }, { rank: y }) => {
        if (x === y) return 0;
        return (typeof x === typeof y ? x < y : typeof x === "number") ? up : -up;
      });
      orders.set(sort, told.concat(ranked.filter(({ rank }) => rank === "")).map(({ finding }) => finding));
    }
    return orders.get(sort);
  };
  const filter = () => {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    shown = ordered();
    for (const { name, value: word } of selects) if (word) shown = shown.filter((finding) => finding[name] === word);
    for (const word of words) shown = shown.filter(({ haystack }) => haystack.includes(word));
  };

  // What the page shows of it

  const sentence = (last) => {
    const all = grouped(findings.length);
    if (!shown.length) return `No finding matches; ${all} in all`;
    const noun = shown.length === 1 ? "finding" : "findings";
    let text = `${grouped(first + 1)} to ${grouped(last)} of ${grouped(shown.length)} ${noun}`;
    if (shown.length < findings.length) text += `; ${all} in all`;
    const header = headers[columns.indexOf(column())];
    return header ? `${text}; by ${header.textContent}, ${direction()}` : text;
  };
  const draw = () => {
    const step = Number(size.value);
    const pages = Math.max(1, Math.ceil(shown.length / step));
    const page = Math.min(Math.max(0, Math.floor(first / step)), pages - 1);
    first = page * step;
    const part = shown.slice(first, first + step);
    const held = body.contains(document.activeElement);
    body.replaceChildren(...part.map(lineOf));
    if (held) region.focus({ preventScroll: true });
    for (const pager of pagers) {
      pager.querySelector("span").textContent = `Page ${grouped(page + 1)} of ${grouped(pages)}`;
      const [previous, next] = pager.querySelectorAll("button");
      // Not "disabled": such a button would drop the focus it has.
      previous.setAttribute("aria-disabled", page === 0);
      next.setAttribute("aria-disabled", page === pages - 1);
    }
    headers.forEach((header, i) => {
      if (columns[i] === column()) header.setAttribute("aria-sort", direction());
      else header.removeAttribute("aria-sort");
    });
    status.textContent = sentence(first + part.length);
  };

  // The page's address

  const remember = () => {
    const kept = new URLSearchParams();
    for (const { name, value: given } of [search, ...selects]) if (given) kept.set(name, given);
    if (sort) kept.set("sort", sort);
    if (first) kept.set("page", first / size.value + 1);
    if (size.selectedIndex) kept.set("size", size.value);
    const off = keys.filter((key) => !key.checked).map((key) => key.value).join("");
    if (off) kept.set("off", off);
    try {
      history.replaceState(null, "", (PREFIX + kept).replace(/\?$/, ""));
    } catch {
      // A viewer may refuse, or find it too often: then only the address is behind.
    }
  };
  const recall = () => {
    if (!location.hash.startsWith(PREFIX)) return false;
    const kept = new URLSearchParams(location.hash.slice(PREFIX.length));
    const word = (name) => kept.get(name) ?? "";
    search.value = word("q");
    for (const select of [...selects, size]) {
      select.value = word(select.name);
      if (select.selectedIndex < 0) select.selectedIndex = 0;
    }
    sort = word("sort");
    if (!columns.includes(column())) sort = "";
    first = (Math.trunc(word("page")) - 1) * size.value || 0;
    for (const key of keys) key.checked = !word("off").includes(key.value);
    return true;
  };
  const goToFindings = () => {
    const heading = byId("findings");
    heading.tabIndex = -1;
    heading.focus();
    heading.scrollIntoView();
  };

  // What the reader does

  let pause = 0;
  const apply = () => {
    clearTimeout(pause);
    first = 0;
    filter();
    draw();
    remember();
  };
  const resize = () => {
    draw();
    remember();
  };
  const turn = (step) => {
    first += step * size.value;
    resize();
    status.scrollIntoView({ block: "nearest" });
  };
  // Once, the other way round, and back to the order of the page.
  const sortBy = ({ column: name, first: begins }) => {
    const turns = begins === "descending" ? [`-${name}`, name, ""] : [name, `-${name}`, ""];
    sort = turns[turns.indexOf(sort) + 1] ?? turns[0];
    apply();
  };
  const copy = async (button) => {
    const finding = shown[button.value];
    // For a spreadsheet: one line, and no cell that it would run.
    const cell = (text) => text.replace(/\s/g, " ").replace(/^(?=[-=+@\uff0b\uff0d\uff1d\uff20])/, "'");
    let word = "Copied";
    try {
      await navigator.clipboard.writeText(columns.map((name) => cell(finding[name])).join("\t"));
    } catch {
      word = "Not copied";
    }
    button.textContent = word;
    said.textContent = `${word}: finding ${finding.key}`;
    button.setAttribute("aria-label", said.textContent);
  };
  const actions = {
    "/": () => search.select(),
    n: () => turn(1),
    p: () => turn(-1),
    "?": () => {
      help.open = true;
      help.querySelector("summary").focus();
    },
  };

  const listen = () => {
    search.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(apply, PAUSE);
    });
    // Of the search box, this is Enter or leaving it.
    for (const control of [search, ...selects]) control.addEventListener("change", apply);
    size.addEventListener("change", resize);
    for (const key of keys) key.addEventListener("change", remember);
    byId("explorer-clear").addEventListener("click", () => {
      for (const control of [search, ...selects]) control.value = "";
      sort = "";
      apply();
    });
    for (const pager of pagers) {
      pager.addEventListener("click", ({ target }) => {
        if (target.localName !== "button" || target.getAttribute("aria-disabled") === "true") return;
        turn(Number(target.value));
        // From beneath the table, the reader goes on at its top.
        if ("below" in pager.dataset) region.focus({ preventScroll: true });
      });
    }
    body.addEventListener("click", ({ target }) => target.localName === "button" && copy(target));
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.target.closest("input, select, textarea, [contenteditable]")) return;
      if (!keys.some((key) => key.checked && key.value === event.key)) return;
      event.preventDefault();
      actions[event.key]();
    });
    // A link to the state that the page is in changes no address, so nothing below hears of it.
    document.addEventListener("click", ({ target }) => {
      const hash = target.closest("a")?.hash;
      if (hash?.startsWith(PREFIX) && hash === location.hash) goToFindings();
    });
    addEventListener("hashchange", () => {
      if (!recall()) return;
      filter();
      draw();
      goToFindings();
    });
  };

  // All is at hand: from here on the page is the script's.
  const target = document.querySelector(":target");
  const near = target && Math.abs(target.getBoundingClientRect().top) < innerHeight;
  for (const header of headers) {
    const button = Object.assign(make("button", "sort", header.textContent), { type: "button" });
    button.addEventListener("click", () => sortBy(header.dataset));
    header.replaceChildren(button);
  }
  region.querySelector("th.copy").hidden = !canCopy;
  // Without a script these links can only lead to the section.
  for (const cause of document.querySelectorAll("a[data-findings]")) cause.setAttribute("href", PREFIX + cause.dataset.findings);
  for (const note of document.querySelectorAll("[data-without-script]")) note.hidden = true;
  for (const note of document.querySelectorAll("[data-with-script]")) note.hidden = false;
  const restored = recall();
  filter();
  draw();
  listen();
  for (const part of [controls, ...pagers]) part.hidden = false;
  if (restored) goToFindings();
  else if (near) target.scrollIntoView();
})();
