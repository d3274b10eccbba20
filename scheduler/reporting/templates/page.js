// Draws each figure from the tables embedded in this page, and hands them out as files.
(function () {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const tables = {};
  function rows(name) {
    if (!tables[name]) {
      const columns = read("table-" + name);
      const length = columns.length ? columns[0][1].length : 0;
      tables[name] = Array.from({ length: length }, (_, i) =>
        Object.fromEntries(columns.map(([column, values]) => [column, values[i]])));
    }
    return tables[name];
  }
  function named(node, into) {
    if (node && typeof node === "object") {
      if (node.data && typeof node.data.name === "string") into.add(node.data.name);
      Object.values(node).forEach((child) => named(child, into));
    }
    return into;
  }
  const locale = read("locale");
  const config = { background: "transparent", font: getComputedStyle(document.body).fontFamily, view: { stroke: null }, axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal" } };
  function draw(target) {
    const spec = read(target.dataset.figure);
    spec.datasets = {};
    named(spec, new Set()).forEach((name) => {
      spec.datasets[name] = rows(name).map((row) => Object.assign({}, row));
    });
    return window.vegaEmbed(target, spec, {
      mode: "vega-lite", renderer: "svg", ast: true, actions: false, logLevel: 1, config: config,
      formatLocale: locale.numbers, timeFormatLocale: locale.times,
    }).catch((error) => { target.textContent = String(error); });
  }
  document.querySelectorAll("[data-figure]").forEach(draw);

  function csv(name) {
    const columns = read("table-" + name);
    const cell = (value) => {
      const text = value === null ? "" : String(value);
      return /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
    };
    const lines = rows(name).map((row) => columns.map(([column]) => cell(row[column])).join(","));
    return [columns.map(([column]) => cell(column)).join(","), ...lines].join("\n") + "\n";
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-download]");
    if (!link) return;
    event.preventDefault();
    const [name, form] = [link.dataset.download, link.dataset.form];
    const pretty = (value) => JSON.stringify(value, null, 1) + "\n";
    const forms = {
      csv: ["text/csv", () => csv(name)],
      json: ["application/json", () => pretty(rows(name))],
      document: ["application/json", () => pretty(read(name))],
      text: ["text/plain", () => read(name)],
    };
    const [type, make] = forms[form];
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(new Blob([make()], { type: type }));
    anchor.download = link.dataset.file;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
  });
})();
