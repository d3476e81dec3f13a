// A service as a process of its own that dies at one of its commits: `<its main> before 2`, `<its main> after 1`.
import { ClientSession } from "mongodb";

const [main, when, number] = process.argv.slice(2) as [string, string?, string?];
const commit = Reflect.get(ClientSession.prototype, "commitTransaction");
let commits = 0;

ClientSession.prototype.commitTransaction = async function (options) {
  commits += 1;
  const last = commits === Number(number);
  if (last && when === "before") process.kill(process.pid, "SIGKILL");
  await commit.call(this, options);
  if (last && when === "after") process.kill(process.pid, "SIGKILL");
};
await import(main);
