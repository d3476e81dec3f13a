// Downloads a mongod with mongodb-memory-server and prints where it is:
//   node mongodb-download.ts <version> <folder>
import { MongoBinary } from "mongodb-memory-server-core";

const [version, downloadDir] = process.argv.slice(2);
if (!version || !downloadDir) throw new Error("usage: node mongodb-download.ts <version> <folder>");

const path = await MongoBinary.getPath({ version, downloadDir }).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
process.stdout.write(`\nmongod: ${path}\n`);
