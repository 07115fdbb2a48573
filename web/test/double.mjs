// A double of a node to look at the app with: npm run build, then npm run double.
// Its founder's invite is printed; `npm run dev` finds it on the same port.
import { dist, load } from './run.mjs';

const { module } = await load('/test/double.ts');
const double = new module.Double(dist);
const origin = await double.listen(8080);
process.stdout.write(`${origin}\n${double.invite().url}\n`);
