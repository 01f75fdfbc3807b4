import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

// Loaded with `node --import` before the program. From the first request or thread on, so without the start of the
// program, it looks how late the event loop is; at the end it writes that to the file that EVENT_LOOP_REPORT names.
const histogram = monitorEventLoopDelay({ resolution: 1 });
const begin = () => histogram.enable();
subscribe('http.client.request.start', begin);
process.once('worker', begin);
process.once('exit', () => {
  histogram.disable();
  const ms = (nanoseconds: number) => nanoseconds / 1e6;
  const { count, max } = histogram;
  const delays = {
    count,
    p50: ms(histogram.percentile(50)),
    p99: ms(histogram.percentile(99)),
    max: ms(max),
  };
  writeFileSync(process.env['EVENT_LOOP_REPORT']!, JSON.stringify(delays));
});
