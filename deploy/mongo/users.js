// Runs at every start, idempotent: initiates the replica set and creates a user for each service's database.
const { readFileSync } = require("fs");
const secret = (name) => readFileSync(`/run/tonegate/${name}`, "utf8").trim();

const options = "directConnection=true&authSource=admin&serverSelectionTimeoutMS=30000";
const client = new Mongo(`mongodb://admin:${secret("admin")}@mongo:27017/?${options}`);
const admin = client.getDB("admin");

try {
  admin.adminCommand({ replSetGetStatus: 1 });
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  admin.adminCommand({
    replSetInitiate: { _id: "tonegate", members: [{ _id: 0, host: "mongo:27017" }] },
  });
}

const deadline = Date.now() + 60000;
while (!admin.hello().isWritablePrimary) {
  if (Date.now() > deadline) throw new Error("no primary within 60 s");
  sleep(200);
}

// The worker opens untrusted videos: it has no access to dead letters, which hold mails and their tokens.
const collections = ["conversions", "fs.files", "fs.chunks", "bookmarks", "processor_use", "presets"];
const actions = ["find", "insert", "update", "remove", "createIndex"];
const worker = {
  privileges: collections.map((collection) => ({ resource: { db: "tonegate", collection }, actions })),
  roles: [],
};
const converters = client.getDB("tonegate");
if (converters.getRole("worker")) converters.updateRole("worker", worker);
else converters.createRole({ role: "worker", ...worker });

for (const [user, database, role] of [
  ["converter", "tonegate", "readWrite"],
  ["worker", "tonegate", "worker"],
  ["notification", "tonegate_notification", "readWrite"],
]) {
  const home = client.getDB(database);
  const account = { pwd: secret(user), roles: [{ role, db: database }] };
  if (home.getUser(user)) home.updateUser(user, account);
  else home.createUser({ user, ...account });
}

// Reads both databases for a backup, and writes them for a restore.
const copies = {
  pwd: secret("backup"),
  roles: ["tonegate", "tonegate_notification"].map((db) => ({ role: "readWrite", db })),
};
if (admin.getUser("backup")) admin.updateUser("backup", copies);
else admin.createUser({ user: "backup", ...copies });
print("replica set and users are in place");
