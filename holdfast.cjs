// The CommonJS door: the same classes and instances as the ES modules give.
module.exports = require('./dist/bundle/index.js')
