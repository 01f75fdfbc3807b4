const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Prints what happened: a table and the commands for people, NDJSON events for machines. */
export function createReporter({ json, part, dir }) {
  const started = Date.now();
  const steps = [];
  const emit = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
  const machine = json || part !== undefined;
  return {
    /** One finished command. */
    step(step) {
      steps.push(step);
      if (machine) emit({ event: 'step', ...step });
      else
        process.stdout.write(
          `  ${step.side.padEnd(4)}  ${step.name.padEnd(34)} ${seconds(step.ms).padStart(7)}  ${step.summary}\n`,
        );
    },
    stage(text) {
      if (machine) emit({ event: 'stage', message: text });
      else process.stdout.write(`\n${text}\n`);
    },
    note(text) {
      if (machine) emit({ event: 'note', message: text });
      else process.stdout.write(`  ${text}\n`);
    },
    result(result) {
      emit({ event: 'result', ...result });
    },
    done({ near, far, keep, state }) {
      const totals = { puts: near.puts + far.puts, tasks: near.tasks + far.tasks, ms: Date.now() - started };
      if (json) {
        emit({
          event: 'done',
          ok: true,
          ...totals,
          lock: near.lock,
          lockChangedByMove: near.lock === far.lock ? 0 : 1,
          extensions: near.extensions,
          signer: near.signer,
          bundle: near.bundle,
          near,
          far,
          ports: state,
        });
        return;
      }
      const rows = near.extensions.map(({ kind, name, version, digest }) => [
        kind,
        name,
        version,
        digest.slice(0, 19),
      ]);
      const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i].length)));
      process.stdout.write(
        `\nInstalled on both sides, signed by ${near.signer}:\n${rows.map((row) => `  ${row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell)).join('  ')}`).join('\n')}\n`,
      );
      process.stdout.write(
        `\nlock      ${near.lock}\n          ${near.lock === far.lock ? 'the same bytes on the far side' : `DIFFERENT on the far side: ${far.lock}`}\nbundle    ${near.bundle.digest} (${(near.bundle.size / 1048576).toFixed(1)} MiB)\nfar side  ${far.isolation}\nwork      ${totals.puts} uploads, ${totals.tasks} tasks run, ${seconds(totals.ms)} in all\n`,
      );
      process.stdout.write('\nThe commands, to repeat by hand (from this directory):\n\n');
      for (const line of commandLines(steps)) process.stdout.write(`    ${line}\n`);
      if (keep)
        process.stdout.write(
          `\nStill running: the far registry (port ${state.farPort}) and the far site. Stop them with:\n\n    PROVISIONING_HOME="$PWD/${dir}/far/home" ${dir}/bin/prov services stop -w ${dir}/far/site\n    PROVISIONING_HOME="$PWD/${dir}/far/home" ${dir}/bin/prov registry stop --port ${state.farPort}\n`,
        );
      else
        process.stdout.write(
          '\nEverything that was started is stopped. Run it again: nothing is pushed or installed twice.\n',
        );
    },
    failed(error) {
      const last = {
        event: 'done',
        ok: false,
        error: {
          code: error.code ?? 'QUICKSTART_FAILED',
          message: error.message,
          hint: error.hint,
          command: error.command,
        },
      };
      if (machine) emit(last);
      else
        process.stderr.write(
          `\nquickstart stopped: ${error.message}\n${error.hint ? `hint: ${error.hint}\n` : ''}${error.command ? `command: ${error.command}\n` : ''}`,
        );
    },
    /** Steps reported by the part that runs in its own network namespace. */
    adopt(event) {
      if (event.event === 'step') this.step({ ...event, event: undefined });
      else if (event.event === 'stage') this.stage(event.message);
      else if (event.event === 'note') this.note(event.message);
    },
  };
}

/** The lines of a shell script that repeats the steps, environment changes included. */
export function commandLines(steps) {
  const lines = [];
  let environment = {};
  for (const { command, env } of steps) {
    for (const [name, value] of Object.entries(env))
      if (environment[name] !== value) lines.push(`export ${name}=${value}`);
    environment = { ...environment, ...env };
    lines.push(command);
  }
  return lines;
}
