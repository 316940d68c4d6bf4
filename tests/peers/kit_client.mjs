// Asks a FHIR endpoint by fhir-kit-client; the base is the first argument. What it was told, as one JSON object.
import { Client } from "fhir-kit-client";
const client = new Client({ baseUrl: process.argv[2] });
const body = { resourceType: "Patient", name: [{ family: "Sample" }], gender: "female" };
const bundle = (type) => ({
  resourceType: "Bundle",
  type,
  entry: [{ request: { method: "POST", url: "Patient" }, resource: body }],
});
const refused = async (asked) => {
  try {
    return { unexpected: await asked };
  } catch (error) {
    return { status: error.response?.status, data: error.response?.data };
  }
};

const said = {};
said.statement = await client.capabilityStatement();
said.created = await client.create({ resourceType: "Patient", body });
said.refused = await refused(
  client.create({ resourceType: "Patient", body: { ...body, gender: "purple" } }),
);
said.found = await client.search({ resourceType: "Patient", searchParams: { identifier: "1000123" } });
said.posted = await client.resourceSearch({
  resourceType: "Patient",
  searchParams: { identifier: "1000123" },
  options: { postSearch: true },
});
said.read = await client.read({ resourceType: "Patient", id: "1000123" });
said.batch = await client.batch({ body: bundle("batch") });
said.transaction = await client.transaction({ body: bundle("transaction") });
console.log(JSON.stringify(said));
