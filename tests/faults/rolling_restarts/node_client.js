// Reads calls from standard input, one JSON object in each line, and writes their results in the same way.
// fetch of Node.js closes connections that are idle for four seconds unless its agent is told otherwise.
const { createInterface } = require("node:readline");

(async () => {
  await fetch("data:,"); // creates the global agent
  let connects = 0, isOpen = false;
  require("node:diagnostics_channel").subscribe("undici:client:connected", () => connects++);
  const agent = globalThis[Symbol.for("undici.globalDispatcher.1")];
  const limits = { connections: 1, keepAliveTimeout: 600e3, keepAliveMaxTimeout: 600e3 };
  const dispatcher = new agent.constructor(limits);
  for await (const line of createInterface({ input: process.stdin })) {
    connects = 0;
    const result = await send(JSON.parse(line), process.argv[1], { dispatcher });
    if (isOpen) result.kept = connects === 0;
    isOpen = "status" in result && result.connection !== "close";
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  process.exit(0);
})();
