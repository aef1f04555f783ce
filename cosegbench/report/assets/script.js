"use strict";
// Adds sorting and filtering to tables that can be read without it.
(function () {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const LEAST = 4; // rows below which there is nothing to sort or filter
  const MANY = 12; // rows from which a filter helps

  function key(row, index, number) {
    const cell = row.cells[index];
    const text = cell.dataset.v ?? cell.textContent.trim();
    if (!number) return text === "–" ? null : text;
    const value = parseFloat(text.replace("−", "-"));
    return Number.isNaN(value) ? null : value;
  }

  function sort(table, rows, index, number, direction) {
    const keyed = rows.map((row, place) => ({ row, place, key: key(row, index, number) }));
    keyed.sort((one, other) => {
      if (one.key === null || other.key === null) {
        // what is missing stays last, whichever way the rest runs
        if (one.key !== other.key) return one.key === null ? 1 : -1;
      } else {
        const order = number ? one.key - other.key : collator.compare(one.key, other.key);
        if (order !== 0) return order * direction;
      }
      return one.place - other.place;
    });
    table.tBodies[0].append(...keyed.map((each) => each.row));
  }

  function sortable(table, rows) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, index) => {
      const number = head.classList.contains("n");
      const first = number ? "descending" : "ascending";
      const second = number ? "ascending" : "descending";
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.title = "Sort";
      head.append(button);
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        const next = before === first ? second : before === second ? null : first;
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        if (next === null) {
          table.tBodies[0].append(...rows);
        } else {
          head.setAttribute("aria-sort", next);
          sort(table, rows, index, number, next === "ascending" ? 1 : -1);
        }
      });
    });
  }

  function filterable(box, table, rows) {
    const find = document.createElement("div");
    find.className = "find";
    const label = document.createElement("label");
    const input = document.createElement("input");
    const count = document.createElement("output");
    input.type = "search";
    input.id = table.id + "-find";
    label.htmlFor = input.id;
    label.textContent = "Filter rows";
    input.setAttribute("aria-describedby", table.id + "-caption");
    count.setAttribute("for", input.id);
    find.append(label, input, count);
    box.prepend(find);
    const texts = rows.map((row) => [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase());
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, place) => {
        row.hidden = !words.every((word) => texts[place].includes(word));
        shown += row.hidden ? 0 : 1;
      });
      count.value = words.length ? shown + " of " + rows.length + " rows" : rows.length + " rows";
    };
    input.addEventListener("input", apply);
    apply();
  }

  document.querySelectorAll("[data-table]").forEach((box) => {
    const table = box.querySelector("table");
    const rows = [...table.tBodies[0].rows];
    if (rows.length >= LEAST) sortable(table, rows);
    if (rows.length >= MANY) filterable(box, table, rows);
  });

  function unfold() {
    // a link may lead to a place that is folded or filtered away
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let each = target; each; each = each.parentElement) {
      if (each.tagName === "DETAILS") each.open = true;
      if (each.tagName === "TR") each.hidden = false;
    }
    if (target) target.scrollIntoView();
  }
  window.addEventListener("hashchange", unfold);
  if (location.hash) unfold();
})();
