/**
 * Bundles what is published: the library and the command line with their pure-JavaScript dependencies inside, so that installing
 * the package runs no script and brings nothing along but node-gyp-build.
 */
import { defineConfig } from 'rolldown'

export default defineConfig({
  input: { index: 'dist/structures/index.js', mapping: 'dist/src/mapping/index.js', cli: 'dist/cli/main.js' },
  platform: 'node',
  external: ['node-gyp-build'],
  output: { dir: 'dist/bundle', format: 'esm', chunkFileNames: 'shared-[hash].js', cleanDir: true },
})
