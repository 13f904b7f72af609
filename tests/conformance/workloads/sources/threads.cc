// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

// Threads, a condition, time and an exception of C++'s library.
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

int main()
{
	std::mutex mutex;
	std::condition_variable changed;
	std::vector<std::thread> threads;
	long sum = 0;
	int done = 0;

	for (int i = 0; i < 8; i++)
		threads.emplace_back([&, i] {
			std::this_thread::sleep_for(std::chrono::milliseconds(i));
			std::lock_guard<std::mutex> held(mutex);
			sum += i;
			done++;
			changed.notify_one();
		});
	{
		std::unique_lock<std::mutex> held(mutex);
		changed.wait(held, [&] { return done == 8; });
	}
	for (auto &one : threads)
		one.join();
	try {
		throw std::runtime_error("caught");
	} catch (const std::exception &error) {
		std::cout << "c++: " << sum << " " << error.what() << std::endl;
	}
	return 0;
}
