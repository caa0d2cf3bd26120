if (Number(process.versions.node.split('.')[0]) < 24) throw new Error('tests run under Node 24 or newer: use npm test');
