// Asks a FHIR endpoint by fhir-kit-client: its base, and `write` or `ask`. What it was told, as one JSON object.
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

const said = { statement: await client.capabilityStatement() };
if (process.argv[3] === "write") {
  said.created = await client.create({ resourceType: "Patient", body });
  const purple = { ...body, gender: "purple" };
  said.refused = await refused(client.create({ resourceType: "Patient", body: purple }));
  said.batch = await client.batch({ body: bundle("batch") });
  said.transaction = await client.transaction({ body: bundle("transaction") });
} else {
  const asked = { resourceType: "Patient", searchParams: { identifier: "1000123" } };
  said.found = await client.search(asked);
  said.posted = await client.resourceSearch({ ...asked, options: { postSearch: true } });
  said.read = await client.read({ resourceType: "Patient", id: "1000123" });
  said.nobody = await refused(client.read({ resourceType: "Patient", id: "0" }));
}
console.log(JSON.stringify(said));
