// Runs a Python program in Pyodide: node run.mjs FOLDER_OF_PYODIDE PROGRAM ARCHIVE...
// The archives, wheels for example, are unpacked to where Python finds what is installed.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, program, ...archives] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(folder, 'pyodide.mjs')));
const python = await loadPyodide();
for (const archive of archives) python.unpackArchive(new Uint8Array(readFileSync(archive)), 'wheel');
python.runPython(readFileSync(program, 'utf-8'));
