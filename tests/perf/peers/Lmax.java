// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

import com.lmax.disruptor.AlertException;
import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.InsufficientCapacityException;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import com.lmax.disruptor.WaitStrategy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;

/**
 * The LMAX Disruptor as a contender: lines in and out as driver.c has them. Its own consumer takes all there is and hands the
 * messages to its handler one by one, whatever the batch. Threads are bound to CPUs by taskset(1), as Java has no call for it.
 */
public final class Lmax {
    /** A message. */
    static final class Message {
        long value;
    }

    /** Waits as driver.c's contenders do. */
    static final class BackOff implements WaitStrategy {
        private final int looks;
        private final int pauses;

        BackOff(int looks, int pauses) {
            this.looks = looks;
            this.pauses = pauses;
        }

        void once(int look) {
            if (look % looks == 0) {
                Thread.yield();
            }
            for (int i = 0; i < pauses; i++) {
                Thread.onSpinWait();
            }
        }

        @Override
        public long waitFor(long sequence, Sequence cursor, Sequence dependent, SequenceBarrier barrier)
                throws AlertException {
            long available;
            for (int look = 1; (available = dependent.get()) < sequence; look++) {
                barrier.checkAlert();
                once(look);
            }
            return available;
        }

        @Override
        public void signalAllWhenBlocking() {
        }
    }

    /** Adds up; tells when the last message came. */
    static final class Sum implements EventHandler<Message> {
        private final CountDownLatch done = new CountDownLatch(1);
        private long sum;
        private long left;
        private long endNs;

        Sum(long total) {
            left = total;
        }

        @Override
        public void onEvent(Message message, long sequence, boolean endOfBatch) {
            sum += message.value;
            if (--left == 0) {
                endNs = System.nanoTime();
                done.countDown();
            }
        }
    }

    private static final int CPUS = Runtime.getRuntime().availableProcessors();

    private Lmax() {
    }

    private static void pin(int cpu) throws IOException, InterruptedException {
        String thread = Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName().toString();
        new ProcessBuilder("taskset", "-cp", Integer.toString(cpu % CPUS), thread)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
    }

    private static void produce(RingBuffer<Message> ring, long messages, int batch, BackOff wait) {
        int looks = 0;
        for (long i = 0; i < messages; i += batch) {
            long last;
            while (true) {
                try {
                    last = batch == 1 ? ring.tryNext() : ring.tryNext(batch);
                    break;
                } catch (InsufficientCapacityException full) {
                    wait.once(++looks);
                }
            }
            long first = last - batch + 1;
            for (long s = first; s <= last; s++) {
                ring.get(s).value = i + s - first;
            }
            if (batch == 1) {
                ring.publish(last);
            } else {
                ring.publish(first, last);
            }
        }
    }

    private interface Body {
        void run() throws Exception;
    }

    /** A thread on its CPU, which begins with the others and leaves behind how much of the CPU it had. */
    private static Thread start(int cpu, CyclicBarrier begin, long[] cpuNs, int index, Body body) {
        Thread thread = new Thread(() -> {
            try {
                pin(cpu);
                begin.await();
                long from = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                body.run();
                cpuNs[index] = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - from;
            } catch (Exception failure) {
                failure.printStackTrace();
                System.exit(1);
            }
        });
        thread.start();
        return thread;
    }

    private static String measure(int producers, int capacity, int batch, long messages, BackOff wait) throws Exception {
        RingBuffer<Message> ring = producers > 1 ? RingBuffer.createMultiProducer(Message::new, capacity, wait)
                : RingBuffer.createSingleProducer(Message::new, capacity, wait);
        Sum sum = new Sum(messages * producers);
        BatchEventProcessor<Message> consumer = new BatchEventProcessor<>(ring, ring.newBarrier(), sum);
        CyclicBarrier begin = new CyclicBarrier(producers + 2);
        long[] cpuNs = new long[producers + 1];
        Thread[] threads = new Thread[producers + 1];

        ring.addGatingSequences(consumer.getSequence());
        for (int i = 0; i < producers; i++) {
            threads[i] = start(CPUS > 2 && i > 0 ? i + 1 : i, begin, cpuNs, i, () -> produce(ring, messages, batch, wait));
        }
        threads[producers] = start(1, begin, cpuNs, producers, consumer::run);
        begin.await();
        long from = System.nanoTime();
        sum.done.await(60, TimeUnit.SECONDS);
        consumer.halt();
        for (Thread thread : threads) {
            thread.join();
        }
        if (sum.left != 0 || sum.sum != producers * (messages / 2 * (messages - 1))) {
            return "error: messages were lost or altered";
        }
        double wall = sum.endNs - from;
        double possible = wall * Math.min(CPUS, producers + 1);
        double others = Math.max(0, 1 - Arrays.stream(cpuNs).sum() / possible);
        return String.format("%.3f %.4f", messages * producers / wall * 1e3, others);
    }

    /** The program. */
    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] f = line.trim().split(" +");
            BackOff wait = new BackOff(Integer.parseInt(f[5]), Integer.parseInt(f[6]));
            System.out.println(measure(Integer.parseInt(f[1]), Integer.parseInt(f[2]), Integer.parseInt(f[3]),
                    Long.parseLong(f[4]), wait));
        }
    }
}
