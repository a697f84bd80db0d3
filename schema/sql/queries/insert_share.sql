INSERT INTO share
SELECT unhex({log:String}), {partitions:UInt16}, {rules:UInt32}, {number:UInt16}, {of:UInt16},
    assumeNotNull((SELECT uuid FROM system.databases WHERE name = currentDatabase()))
