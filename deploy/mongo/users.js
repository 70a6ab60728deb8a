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

for (const [user, database] of [["converter", "tonegate"], ["notification", "tonegate_notification"]]) {
  const home = client.getDB(database);
  const account = { pwd: secret(user), roles: [{ role: "readWrite", db: database }] };
  if (home.getUser(user)) home.updateUser(user, account);
  else home.createUser({ user, ...account });
}
print("replica set and users are in place");
