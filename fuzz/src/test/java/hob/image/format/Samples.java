package hob.image.format;

import com.google.protobuf.ByteString;
import hob.image.proto.Descriptor;
import hob.image.proto.Fs;
import hob.image.proto.Inode;
import hob.image.proto.Limit;
import hob.image.proto.Memory;
import hob.image.proto.OpenFile;
import hob.image.proto.PageRun;
import hob.image.proto.Pipe;
import hob.image.proto.ProcessImage;
import hob.image.proto.ProcessOutline;
import hob.image.proto.SharedMemory;
import hob.image.proto.SignalState;
import hob.image.proto.ThreadState;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import hob.image.proto.Vma;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.time.Instant;
import java.util.Collections;

/** A small image of each thing that refers to another; what fuzzing starts from. */
public final class Samples {
  private static final int PID = 1234;

  private Samples() {}

  public static TreeOutline outline() {
    return TreeOutline.newBuilder()
        .setVersion(TreeImages.VERSION)
        .setArch("amd64")
        .setHome("h1")
        .setFirstPid(1 << 21)
        .setNextPid(1 << 21)
        .addProcesses(ProcessOutline.newBuilder().setPid(PID).setPpid(1).setPgid(PID).setSid(PID))
        .build();
  }

  public static TreeImage image() {
    return TreeImage.newBuilder()
        .setVersion(TreeImages.VERSION)
        .setArch("x86_64")
        .setHome("h1")
        .addProcesses(process())
        .addProcesses(
            ProcessImage.newBuilder().setPid(PID + 2).setPpid(PID).setZombie(true).setExitStatus(9))
        .addFiles(OpenFile.newBuilder().setPath(ByteString.copyFromUtf8("/")).setFlags(0200000))
        .addFiles(OpenFile.newBuilder().setKind(OpenFile.Kind.PIPE).setFlags(1))
        .addFiles(OpenFile.newBuilder().setKind(OpenFile.Kind.UNNAMED).setInode(1))
        .addPipes(Pipe.newBuilder().setCapacity(65536).setContents(ByteString.copyFromUtf8("abc")))
        .addSharedMemory(SharedMemory.newBuilder().setSize(8192))
        .addInodes(
            Inode.newBuilder()
                .setMode(0100600)
                .setSize(100)
                .addNames(ByteString.copyFromUtf8("/tmp/gone")))
        .addPageRuns(PageRun.newBuilder().setStart(0x400000).setLength(4096))
        .addPageRuns(PageRun.newBuilder().setSharedMemory(1).setLength(8192))
        .addPageRuns(PageRun.newBuilder().setInode(1).setLength(100))
        .build();
  }

  private static ProcessImage process() {
    Memory.Builder memory =
        Memory.newBuilder()
            .addAllMap(Collections.nCopies(11, 0x400000L))
            .setExe(1)
            .addVmas(
                Vma.newBuilder().setStart(0x400000).setLength(8192).setProtection(3).setFile(1))
            .addVmas(Vma.newBuilder().setStart(0x500000).setLength(8192).setSharedMemory(1));
    ThreadState.Builder thread =
        ThreadState.newBuilder()
            .setTid(PID)
            .addAllRegisters(Collections.nCopies(27, 7L))
            .setXstate(ByteString.copyFrom(new byte[576]))
            .setAltStack(ByteString.copyFrom(new byte[24]));
    return ProcessImage.newBuilder()
        .setPid(PID)
        .setPpid(1)
        .setPgid(PID)
        .setSid(PID)
        .setComm(ByteString.copyFromUtf8("sample"))
        .setMemory(memory)
        .addThreads(thread)
        .setSignals(
            SignalState.newBuilder()
                .addAllActions(Collections.nCopies(64, ByteString.copyFrom(new byte[32]))))
        .setFs(Fs.newBuilder().setUmask(022))
        .addDescriptors(Descriptor.newBuilder().setNumber(1).setFile(1))
        .addDescriptors(Descriptor.newBuilder().setNumber(3).setFile(2))
        .addAllLimits(Collections.nCopies(16, Limit.newBuilder().setSoft(-1).setHard(-1).build()))
        .build();
  }

  /** A file of {@link #image}. */
  public static byte[] file() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageFileWriter.write(
        Channels.newChannel(out),
        outline(),
        image(),
        (at, into) -> into.fill((byte) 0x5a),
        Instant.EPOCH);
    return out.toByteArray();
  }
}
