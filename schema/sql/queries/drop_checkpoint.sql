ALTER TABLE checkpoint DROP PARTITION ({partition:UInt16}, {next:UInt64}, {taken:Int64})
